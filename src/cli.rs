//! The command line: what can be asked of the program from a shell, and its exit codes. No behaviour of its own.

/// Runs the program with the arguments of this process and returns its exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
