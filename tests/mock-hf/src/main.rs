use std::{io::Write, process::ExitCode};

use mock_hf::{Options, Site};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: mock-hf [--port N] [--site PREFIX=DIR]...";

// One thread: an answer is then counted before any other request can ask for the counters.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mock-hf: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> std::io::Result<()> {
    // Before the first line is printed: whoever reads it may end this process at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = mock_hf::serve(options).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "mock-hf listening on {}", running.origin)?;
    stdout.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    while let Some(flag) = arguments.next() {
        let (flag, inline) = match flag.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (flag, None),
        };
        let mut value =
            || inline.clone().or_else(|| arguments.next()).ok_or_else(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--port" => {
                let port = value()?;
                options.port = port.parse().map_err(|_| format!("--port {port} is not a port number"))?;
            }
            "--site" => options.sites.push(Site::parse(&value()?)?),
            _ => return Err(format!("unknown argument {flag}")),
        }
    }
    Ok(options)
}
