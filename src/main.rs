//! The command line of postdoc; all of it stands in [`postdoc::cli`].

fn main() -> std::process::ExitCode {
    postdoc::cli::main()
}
