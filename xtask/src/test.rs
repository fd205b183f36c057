//! x
use anyhow::{Result, bail};
pub(crate) fn all() -> Result<()> {
    bail!("not yet")
}
pub(crate) fn stage(_: &str) -> Result<()> {
    bail!("not yet")
}
pub(crate) fn bench(_: &str) -> Result<()> {
    bail!("not yet")
}
