//! Runs the example as a person would, and reads what it prints.

use std::process::Command;

#[test]
fn both_sides_understand_each_other_in_the_codec() {
    let output = Command::new(env!("CARGO_BIN_EXE_custom-codec"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), CONVERSATION);
}

const CONVERSATION: &str = r#"-> server C\x07\x00\x00\x00/closed
-> server C\x06\x00\x00\x00/files
client <- R\x07\x00\x00\x00/closedo\x02\x00\x00\x00\x07\x00\x00\x00messages\x14\x00\x00\x00there is only /files\x04\x00\x00\x00datau\x94\x01\x00\x00\x00\x00\x00\x00
client <- C\x06\x00\x00\x00/fileso\x01\x00\x00\x00\x03\x00\x00\x00sids\x06\x00\x00\x00socket
client: not in /closed, there is only /files, Some(Number(404))
client: in /files as socket
-> server e\x06\x00\x00\x00/files\x07\x00\x00\x00\x00\x00\x00\x00s\x06\x00\x00\x00uploads\x05\x00\x00\x00a.pngb\x04\x00\x00\x00\x89PNG
server: upload "a.png" b"\x89PNG"
client <- A\x06\x00\x00\x00/files\x07\x00\x00\x00\x00\x00\x00\x00u\x04\x00\x00\x00\x00\x00\x00\x00b\x02\x00\x00\x00\x89P
client <- E\x06\x00\x00\x00/filess\x06\x00\x00\x00storeds\x05\x00\x00\x00a.png
client: 7 is answered, Ok(Ok((4, b"\x89P")))
client: Args("stored", "a.png")
client: left /files, io client disconnect
-> server D\x06\x00\x00\x00/files
server: /files was left, client namespace disconnect
"#;
