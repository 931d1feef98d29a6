//! Tandem's command line. Everything is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    tandem::cli::main()
}
