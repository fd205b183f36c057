import { askModel } from "../../ask-model";

export const runtime = "edge";

export const POST = askModel;
