//! The commands that write and remake reports, as a user runs them.

use std::path::Path;
use std::process::Command;

/// Runs postdoc; what it printed, if it succeeded.
fn postdoc(arguments: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_postdoc"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .output()
        .expect("postdoc runs");
    assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).expect("UTF-8")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn one_analysis_gives_every_format_and_json_gives_them_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let (zip, json, md) = (file("report.zip"), file("report.json"), file("report.md"));
    let outputs = [&zip, &json, &md].map(|path| path.to_str().expect("UTF-8"));
    postdoc(&["analyze", "samples/port-25-blocked", "-o", outputs[0], "-o", outputs[1], "-o", outputs[2]]);

    let mut archive = zip::ZipArchive::new(std::fs::File::open(&zip).expect("a file")).expect("a zip");
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    assert_eq!(names, ["report.html", "report.md", "report.json"]);
    let mut packed = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("report.json").expect("the JSON"), &mut packed).expect("text");
    assert_eq!(packed, text(&json));

    // The templates as exported make the same report as the built-in ones.
    let templates = file("templates");
    postdoc(&["templates", "export", templates.to_str().expect("UTF-8")]);
    assert!(templates.join("README.md").is_file() && templates.join("partials/html-plan.hbs").is_file());
    for options in [vec![], vec!["--templates", templates.to_str().expect("UTF-8")]] {
        let again = postdoc(&[&["render", outputs[1], "--format", "md"], options.as_slice()].concat());
        assert_eq!(again, text(&md));
    }
}

#[test]
fn reports_that_lie_beside_the_evidence_are_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in std::fs::read_dir("samples/port-25-blocked").expect("a sample") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
    }
    let bundle = folder.path().to_str().expect("UTF-8");
    let told = || {
        let report: serde_json::Value = serde_json::from_str(&postdoc(&["analyze", bundle, "--format", "json"])).expect("JSON");
        ["verdict", "causes", "queue", "timeline", "unexplained"].map(|part| report[part].clone())
    };
    let before = told();
    let written = ["html", "md", "json", "txt", "zip"].map(|format| folder.path().join(format!("ticket.{format}")));
    for path in &written {
        postdoc(&["analyze", "samples/port-25-blocked", "-o", path.to_str().expect("UTF-8")]);
    }
    assert!(told() == before, "a report is taken for evidence");
    let sources = postdoc(&["sources", bundle]);
    assert_eq!(sources.matches("Report of postdoc itself").count(), 7, "{sources}");
}

#[test]
fn the_schema_is_printed() {
    let schema: serde_json::Value = serde_json::from_str(&postdoc(&["schema", "report"])).expect("JSON");
    assert_eq!(schema["properties"]["schema"]["enum"], serde_json::json!(["postdoc.report/1"]));
    let undescribed: Vec<&String> = schema["$defs"]
        .as_object()
        .expect("definitions")
        .iter()
        .filter(|(_, of)| of["properties"].as_object().is_some_and(|all| all.values().any(|one| one["description"].is_null())))
        .map(|(name, _)| name)
        .collect();
    assert!(undescribed.is_empty(), "fields without a description in {undescribed:?}");
}

#[test]
fn what_is_no_report_is_said_to_be_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("old.json");
    for (content, wanted) in [
        ("{\"schema\": \"postdoc.report/9\"}", "is a \"postdoc.report/9\"; this version reads postdoc.report/1"),
        ("{}", "is no postdoc report: missing field `schema`"),
    ] {
        std::fs::write(&file, content).expect("written");
        let said = Command::new(env!("CARGO_BIN_EXE_postdoc")).arg("render").arg(&file).output().expect("postdoc runs");
        assert_eq!(said.status.code(), Some(2));
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("old.json") && said.contains(wanted), "{said}");
    }
}
