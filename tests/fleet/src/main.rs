//! Prints the tables as Markdown. Every cell is a mean over the seeds. Progress goes to the standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

use fleet::{seeds, tables};

const USAGE: &str =
    "usage: fleet [--seeds N] [cold|overload|steady|broken|shared|cold-sweep|overload-sweep]...";

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(|asked| print(&asked).map_err(|e| e.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

struct Asked {
    seeds: u64,
    /// None: all.
    tables: Vec<String>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { seeds: 10, tables: Vec::new() };
    while let Some(argument) = arguments.next() {
        if argument == "--seeds" {
            let seeds = arguments.next().and_then(|seeds| seeds.parse().ok()).filter(|seeds| *seeds > 0);
            asked.seeds = seeds.ok_or("--seeds needs a number above zero")?;
        } else if tables::all().iter().any(|table| table.name == argument) {
            asked.tables.push(argument);
        } else {
            return Err(format!("unknown argument {argument}"));
        }
    }
    Ok(asked)
}

fn print(asked: &Asked) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    let is_asked = |name: &str| asked.tables.is_empty() || asked.tables.iter().any(|asked| asked == name);
    for table in tables::all().into_iter().filter(|table| is_asked(table.name)) {
        writeln!(out, "{}", table.head())?;
        for (number, row) in table.rows.iter().enumerate() {
            let what = format!(
                "{} {}/{}: {}, {}",
                table.name,
                number + 1,
                table.rows.len(),
                row.world,
                row.contender.name
            );
            let began = Instant::now();
            let outcomes = seeds::watched(&row.model, row.contender, asked.seeds, |done| {
                if std::io::stderr().is_terminal() {
                    eprint!("\r{what}, seed {done} of {}\x1b[K", asked.seeds);
                }
            });
            let line_start = if std::io::stderr().is_terminal() { "\r" } else { "" };
            eprintln!("{line_start}{what}, {} seeds in {:.1?}", asked.seeds, began.elapsed());
            writeln!(out, "{}", table.line(row, &outcomes))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
