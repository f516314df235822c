//! The `davenport` binary: hands the command line to [`davenport::cli`].

fn main() -> std::process::ExitCode {
    davenport::cli::main()
}
