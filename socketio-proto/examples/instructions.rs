//! Runs one operation many times, so that its instructions can be counted from outside.
//!
//! `bench/instructions.sh` does that. Without arguments this prints the operations, each as its bytes on the wire and its
//! name; with a name and a number it runs that operation so many times.

#![expect(clippy::print_stdout, reason = "a program that prints")]

#[path = "common/operations.rs"]
mod operations;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut operations = operations::all();
    let [name, times] = &arguments[..] else {
        for operation in operations {
            println!("{} {}", operation.bytes, operation.name);
        }
        return ExitCode::SUCCESS;
    };
    let found = operations
        .iter_mut()
        .find(|operation| operation.name == name);
    let (Some(operation), Ok(times)) = (found, times.parse::<u32>()) else {
        return ExitCode::FAILURE;
    };
    for _ in 0..times {
        (operation.run)();
    }
    // What is queued is not taken out again: that is a cost of its own.
    std::mem::forget(operations);
    ExitCode::SUCCESS
}
