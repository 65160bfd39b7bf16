//! The README's commands, run as a reader would: every `sh` block but the one that builds the program.

use std::path::Path;
use std::process::Command;

#[test]
fn every_command_of_the_readme_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    // The reader stands in the repository; what the commands write must not stay there.
    std::os::unix::fs::symlink(root.join("samples"), folder.path().join("samples")).expect("a link");
    let program = Path::new(env!("CARGO_BIN_EXE_postdoc"));
    let path = format!("{}:{}", program.parent().expect("a folder").display(), std::env::var("PATH").unwrap_or_default());
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README.md");
    let mut blocks = 0;
    for block in readme.split("\n```sh\n").skip(1) {
        let script = block.split("\n```").next().expect("a block");
        if script.starts_with("cargo ") {
            continue;
        }
        blocks += 1;
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(folder.path())
            .env("PATH", &path)
            .output()
            .expect("bash runs");
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(blocks >= 4, "the README's blocks were not found");
}
