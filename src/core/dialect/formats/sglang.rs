//! `/generate` of SGLang: <https://docs.sglang.io/basic_usage/native_api.html>. Each event has the whole text so far in
//! its `text`. A request that the scheduler refuses ends with `abort`, in a 200 if it is streamed.

use super::{Key, Use, Way, ways};

ways! {
    MetaInfo.Finish => Finish,
    MetaInfo.Finish.Code => Kind,
    MetaInfo.Finish.Message => Words,
    MetaInfo.Finish.Type => Finish,
}
