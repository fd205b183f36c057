// A Worker: every case is a request of its own, as calls are there.
import * as api from "query-with-retry";
import { chosen, runCase } from "../cases/run-cases.js";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/cases") return Response.json(chosen(env.ONLY));
    const setting = { api, mockUrl: env.MOCK_URL, runtime: "workerd" };
    return Response.json(await runCase(Number(pathname.slice(1)), setting));
  },
};
