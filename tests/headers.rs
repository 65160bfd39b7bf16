//! `postdoc headers`, and headers as evidence in a bundle.

use std::process::Command;

/// A message that arrived without authentication, from a server that calls itself `mail`.
const BAD: &str = "Authentication-Results: mx.google.com;\n       spf=softfail (google.com: domain of transitioning office@kontor.example \
does not designate 203.0.113.25 as permitted sender) smtp.mailfrom=office@kontor.example;\n       dmarc=fail (p=NONE sp=NONE dis=NONE) \
header.from=kontor.example\nReceived: from mail (unknown. [203.0.113.25])\n        by mx.google.com with ESMTP id a1 for \
<b@gmail.com>;\n        Mon, 23 Nov 2026 10:20:02 -0800 (PST)\nReceived: from desk7 (unknown [192.168.1.7])\n\tby mail.kontor.example \
(Postfix) with ESMTPSA id 4F2C41A2B3\n\tfor <b@gmail.com>; Mon, 23 Nov 2026 17:58:02 +0000 (UTC)\nFrom: Office \
<office@kontor.example>\n\nbody\n";

fn run(arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_postdoc")).args(arguments).output().expect("postdoc runs");
    (String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr), output.status.code())
}

#[test]
fn what_is_wrong_is_marked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("original.eml");
    std::fs::write(&file, BAD).expect("written");
    let (text, code) = run(&["headers", file.to_str().expect("UTF-8")]);
    assert_eq!(code, Some(0), "{text}");
    for line in [
        "BAD  SPF       softfail for kontor.example\n",
        "BAD  DMARC     fail for kontor.example, policy none\n",
        "BAD  HELO      mail, which is not a name that DNS knows\n",
        "BAD  address   203.0.113.25 has no reverse DNS that the receiver accepts\n",
        "BAD  TLS       not encrypted on the way to the receiver\n",
        "BAD  delay     22 min over 2 hops, most of it before mx.google.com\n",
        "  2. 2026-11-23T18:20:02Z  mail -> mx.google.com  ESMTP  +22 min\n",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let (json, _) = run(&["headers", file.to_str().expect("UTF-8"), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["message"]["spf"], "softfail");
    assert_eq!(json["findings"][0], serde_json::json!({"what": "SPF", "good": false, "says": "softfail for kontor.example"}));
}

#[test]
fn what_is_no_message_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("note.txt");
    std::fs::write(&file, "dear colleague,\nit does not work\n").expect("written");
    let (text, code) = run(&["headers", file.to_str().expect("UTF-8")]);
    assert_eq!(code, Some(2));
    assert!(text.contains("no headers of a received message"), "{text}");
}
