//! The binary: hands over to the library and leaves with its exit code.

fn main() -> std::process::ExitCode {
    bpmtop::cli::main()
}
