// The one list of what every runtime must answer alike. No import here or below is specific to a
// runtime. The very first calls come first: they are the ones that load the module.
import { aborts } from "./cases/aborts.js";
import { advice } from "./cases/advice.js";
import { alwaysThere } from "./cases/always-there.js";
import { answers } from "./cases/answers.js";
import { badArguments } from "./cases/arguments.js";
import { batches } from "./cases/batch.js";
import { batchesAttacked } from "./cases/batch-attacked.js";
import { callersObjects } from "./cases/callers-objects.js";
import { client } from "./cases/client.js";
import { clientFetch } from "./cases/client-fetch.js";
import { clientFetchStreams } from "./cases/client-fetch-streams.js";
import { clientLimits } from "./cases/client-limits.js";
import { coalesced } from "./cases/coalesce.js";
import { coldStarts } from "./cases/cold-starts.js";
import { dialects } from "./cases/dialects.js";
import { endpoints } from "./cases/endpoints.js";
import { endpointsAttacked } from "./cases/endpoints-attacked.js";
import { endpointsClients } from "./cases/endpoints-clients.js";
import { endpointsLate } from "./cases/endpoints-late.js";
import { engineFailures } from "./cases/engine-failures.js";
import { errors } from "./cases/errors.js";
import { events } from "./cases/events.js";
import { fallbacks } from "./cases/fallbacks.js";
import { fetchAsFetch } from "./cases/fetch-as-fetch.js";
import { firstCalls } from "./cases/first-calls.js";
import { foreignSignals } from "./cases/foreign-signals.js";
import { forms } from "./cases/forms.js";
import { keepsWarm } from "./cases/keep-warm.js";
import { lost } from "./cases/lost.js";
import { network } from "./cases/network.js";
import { overload } from "./cases/overload.js";
import { redirects } from "./cases/redirects.js";
import { refusals } from "./cases/refusals.js";
import { replacedFetch } from "./cases/replaced-fetch.js";
import { routes } from "./cases/routes.js";
import { secrets } from "./cases/secrets.js";
import { statuses } from "./cases/statuses.js";
import { streamsAsking } from "./cases/streams-asking.js";
import { streamsBroken } from "./cases/streams-broken.js";
import { streamsCancel } from "./cases/streams-cancel.js";
import { streamsClocks } from "./cases/streams-clocks.js";
import { streamsFallbacks } from "./cases/streams-fallbacks.js";
import { streamsFormats } from "./cases/streams-formats.js";
import { streamsPassedOn } from "./cases/streams-passed-on.js";
import { streamsReading } from "./cases/streams-reading.js";
import { streamsRetry } from "./cases/streams-retry.js";
import { streamsWhole } from "./cases/streams-whole.js";
import { inTabs } from "./cases/tabs.js";
import { timeouts } from "./cases/timeouts.js";
import { warm } from "./cases/warm.js";
import { wrongAnswers } from "./cases/wrong-answers.js";

export const cases = [
  ...firstCalls,
  ...answers,
  ...routes,
  ...coldStarts,
  ...overload,
  ...refusals,
  ...wrongAnswers,
  ...engineFailures,
  ...timeouts,
  ...network,
  ...lost,
  ...aborts,
  ...fallbacks,
  ...events,
  ...errors,
  ...secrets,
  ...redirects,
  ...callersObjects,
  ...fetchAsFetch,
  ...alwaysThere,
  ...replacedFetch,
  ...foreignSignals,
  ...forms,
  ...badArguments,
  ...dialects,
  ...streamsFormats,
  ...streamsWhole,
  ...streamsBroken,
  ...streamsRetry,
  ...streamsFallbacks,
  ...streamsClocks,
  ...streamsReading,
  ...streamsPassedOn,
  ...streamsCancel,
  ...streamsAsking,
  ...client,
  ...clientLimits,
  ...clientFetch,
  ...clientFetchStreams,
  ...endpoints,
  ...endpointsAttacked,
  ...endpointsClients,
  ...endpointsLate,
  ...advice,
  ...batches,
  ...batchesAttacked,
  ...coalesced,
  ...statuses,
  ...warm,
  ...keepsWarm,
  ...inTabs,
];
