import { askModel } from "../../ask-model";

export const maxDuration = 300; // a cold start takes minutes

export const POST = askModel;
