use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mock-hf"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

#[test]
fn the_program_tells_its_address_first_and_ends_when_told_to() {
    for signal in ["-TERM", "-INT"] {
        let mut program = start(&["--port", "0"]);
        let mut line = String::new();
        let stdout = program.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a first line");
        let address = line.strip_prefix("mock-hf listening on http://").expect("the agreed words").trim_end();
        let mut socket = TcpStream::connect(address).expect("a listener");
        socket.write_all(b"GET /_mock HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        assert!(answer.ends_with("\r\n\r\n{\"models\":{}}"), "{answer}");

        let told = Command::new("kill").args([signal, &program.id().to_string()]).status();
        assert!(told.is_ok_and(|status| status.success()));
        let ended = program.wait().expect("an end");
        assert!(ended.success(), "{signal}: {ended}");
    }
}

#[test]
fn the_program_refuses_arguments_that_it_does_not_know() {
    for arguments in [&["--prot", "1"][..], &["--port", "http"], &["--site", "/demo"], &["--port"]] {
        let program = start(arguments);
        let output = program.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(problem.contains("usage: mock-hf"), "{problem}");
    }
}
