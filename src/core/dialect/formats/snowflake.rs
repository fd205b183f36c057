//! Snowflake's `inference:complete`:
//! <https://docs.snowflake.com/en/developer-guide/snowflake-rest-api/reference/cortex-inference>. Its pieces are those of
//! chat completions without a `finish_reason`, and no `[DONE]` follows. The `usage` is an empty object until the last
//! event, as the tests of <https://github.com/Snowflake-Labs/mcp> have recorded it.

use super::{Key, Use, Way, ways};

ways! {
    Aside.Total => Total,
}
