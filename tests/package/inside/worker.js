// A Worker: every case is a request of its own, as calls are there.
import * as api from "query-with-retry";
import { chosen, runCase } from "../cases/run-cases.js";

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const setting = JSON.parse(env.SETTING);
    if (pathname === "/cases") return Response.json(chosen(setting));
    return Response.json(await runCase(Number(pathname.slice(1)), { api, ...setting }));
  },
};
