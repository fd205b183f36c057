//! Data that only the messages of panics needed, which trap by now: 1 KB gzip less.
//!
//! A compiled module does not tell where one constant ends and the next begins, so nothing can be cut
//! out. What it is replaced by takes no room in the module.

use walrus::ir::{Instr, InstrLocId, Value, Visitor, dfs_in_order};
use walrus::{ConstExpr, DataKind, Module};

/// Of std and of the allocator. One that is not there is no longer said.
const MESSAGES: [&str; 13] = [
    "Attempted to initialize thread-local while it is being dropped",
    "LazyCell instance has previously been poisoned",
    "RefCell already borrowed",
    "RefCell already mutably borrowed",
    "Tried to shrink to a larger capacity",
    "`async fn` resumed after completion",
    "cannot access a Thread Local Storage value during or after destruction: ",
    "capacity overflow",
    ") should be < len (is ",
    "swap_remove index (is ",
    "removal index (is ",
    "internal error: entered unreachable code",
    "mid > len",
];

pub(super) fn blank(module: &mut Module) {
    let digits: String = (0..100).map(|pair| format!("{pair:02}")).collect();
    let mut reads = Addresses::default();
    for (_, function) in module.funcs.iter_local() {
        dfs_in_order(&mut reads, function, function.entry_block());
    }
    let segments: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for segment in segments {
        let data = module.data.get_mut(segment);
        let DataKind::Active { offset: ConstExpr::Value(Value::I32(begin)), .. } = data.kind else {
            continue;
        };
        blank_locations(begin as usize, &mut data.value);
        for message in MESSAGES {
            for at in places(&data.value, message) {
                data.value[at..at + message.len()].fill(0);
            }
        }
        // Numbers are written by these. Unlike a message, they would be missed.
        for at in places(&data.value, &digits) {
            let address = begin as u64 + at as u64;
            if !reads.0.iter().any(|read| (address..address + digits.len() as u64).contains(read)) {
                data.value[at..at + digits.len()].fill(0);
            }
        }
    }
}

/// Where a panic begins is a name of a source file, by its address and length, a line and a column.
fn blank_locations(begin: usize, bytes: &mut [u8]) {
    const LENGTH: usize = 16;
    let word = |bytes: &[u8], at: usize| -> Option<usize> {
        Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
    };
    let mut unread = Vec::new();
    for at in (0..bytes.len()).step_by(4) {
        let (Some(name), Some(length)) = (word(bytes, at), word(bytes, at + 4)) else { continue };
        let Some(name) = name.checked_sub(begin).map(|name| name..name + length) else { continue };
        if bytes.get(name.clone()).is_some_and(|name| name.ends_with(b".rs")) {
            unread.extend([at..at + LENGTH, name]);
        }
    }
    for range in unread {
        bytes[range].fill(0);
    }
}

fn places(bytes: &[u8], text: &str) -> Vec<usize> {
    let windows = bytes.windows(text.len()).enumerate();
    windows.filter(|(_, bytes)| *bytes == text.as_bytes()).map(|(at, _)| at).collect()
}

/// What code may read at: constants, and the offsets of loads.
#[derive(Default)]
struct Addresses(Vec<u64>);

impl Visitor<'_> for Addresses {
    fn visit_instr(&mut self, instr: &Instr, _: &InstrLocId) {
        match instr {
            Instr::Const(constant) => {
                if let Value::I32(value) = constant.value {
                    self.0.push(u64::from(value as u32));
                }
            }
            Instr::Load(load) => self.0.push(load.arg.offset),
            _ => {}
        }
    }
}
