//! Archives that unpack to more than anybody has, and say what is not so.

use super::*;

#[test]
fn a_bomb_of_archives_in_archives_is_given_up() {
    // 48 MiB of nothing, 16 times in an archive, that 16 times in another: 12 GiB in a few kilobytes.
    let nothing = vec![0; 48 << 20];
    let inner = zip(&[("mail.log".to_owned(), &nothing)]);
    let middle = zip(&(0..16).map(|at| (format!("{at}.zip"), inner.as_slice())).collect::<Vec<_>>());
    let mut members: Vec<(String, &[u8])> = (0..16).map(|at| (format!("z{at}.zip"), middle.as_slice())).collect();
    let log = ordinary();
    members.insert(0, ("a.log".to_owned(), log.as_bytes()));
    let folder = Folder::with("bomb.zip", zip(&members));
    let outcome = Call::new(&["analyze", &folder.path("bomb.zip"), "--format", "json"]).run();
    assert!(
        outcome.reported().contains("the bundle unpacks to more than 1000 times its size (see --max-ratio)"),
        "{}",
        outcome.out
    );
    let outcome = Call::new(&["sources", &folder.path("bomb.zip"), "--max-unpacked", "50MB"]).run();
    assert!(outcome.reported().contains("unpacked (see --max-unpacked)"), "{}", outcome.out);
}

#[test]
fn endless_streams_end_at_the_limit() {
    let log = ordinary();
    // Bytes that never end, and a gzip stream that never ends.
    let outcome =
        Call::new(&["sources", "-", "--max-unpacked", "20MB"]).run_with(|input| while input.write_all(log.as_bytes()).is_ok() {});
    assert!(
        outcome.reported().contains("longer than 20 MB (see --max-unpacked)") || outcome.out.contains("longer than 19 MiB"),
        "{}",
        outcome.out
    );
    let outcome = Call::new(&["sources", "-", "--max-unpacked", "20MB"]).run_with(|input| {
        let mut packer = flate2::write::GzEncoder::new(input, flate2::Compression::fast());
        let block = log.repeat(100);
        while packer.write_all(block.as_bytes()).is_ok() {}
        std::mem::forget(packer);
    });
    assert!(outcome.reported().contains("--max-unpacked"), "{}", outcome.out);
}

#[test]
fn sizes_that_no_archive_can_hold_are_not_believed() {
    let folder = Folder::new();
    let mut bytes = header("mail.log", 1 << 60).as_bytes().to_vec();
    bytes.extend_from_slice(ordinary().as_bytes());
    folder.add("huge.tar", &bytes);
    let outcome = Call::new(&["analyze", &folder.path("huge.tar")]).run();
    assert!(outcome.refused().contains("damaged or cut off"), "{}", outcome.said);

    // A long name that says it is a gigabyte, and one with a sparse map.
    let mut long = tar::Header::new_gnu();
    long.set_path("././@LongLink").expect("a path");
    long.set_entry_type(tar::EntryType::GNULongName);
    long.set_size(1 << 30);
    long.set_cksum();
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    stream.write_all(long.as_bytes()).expect("packed");
    for _ in 0..64 {
        stream.write_all(&[b'a'; 1 << 20]).expect("packed");
    }
    folder.add("name.tar.gz", stream.finish().expect("packed"));
    let outcome = Call::new(&["analyze", &folder.path("name.tar.gz")]).run();
    assert!(outcome.refused().contains("longer than any path can be"), "{}", outcome.said);
}

#[test]
fn times_that_no_file_has_are_not_believed() {
    let (folder, log) = (Folder::new(), ordinary());
    for time in [0, 1 << 40, 1 << 62, u64::MAX] {
        let mut header = header("mail.log", log.len() as u64);
        header.set_mtime(time);
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, log.as_bytes()).expect("a member");
        folder.add("old.tar", archive.into_inner().expect("an archive"));
        // Stamps without a year are then those of the last twelve months.
        let outcome = Call::new(&["sources", &folder.path("old.tar")]).run();
        assert!(outcome.reported().contains("; from 20"), "{time}: {}", outcome.out);
    }
}

#[test]
fn a_file_that_asks_for_much_memory_is_not_called_damaged() {
    // A frame of zstd with a window of 2 GiB.
    let frame = b"\x28\xb5\x2f\xfd\0\xa8\x01\0\0";
    let folder = Folder::with("mail.log.zst", frame);
    let outcome = Call::new(&["analyze", &folder.path("mail.log.zst")]).run();
    let told = "it asks for 2048 MiB of memory to be unpacked, of which it gets at most 192; unpack it with `zstd -d --long=31`";
    assert!(outcome.refused().contains(told) && !outcome.said.contains("damaged"), "{}", outcome.said);
    folder.add("other.log", ordinary());
    let outcome = Call::new(&["sources", &folder.path("")]).run();
    assert!(outcome.reported().contains("mail.log.zst: not unpacked: it asks for 2048 MiB"), "{}", outcome.out);
}

#[test]
fn a_million_members_end_at_the_limit_of_files() {
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let log = ordinary();
    stream.write_all(header("a.log", log.len() as u64).as_bytes()).expect("packed");
    stream.write_all(log.as_bytes()).expect("packed");
    stream.write_all(&vec![0; 512 - log.len() % 512]).expect("packed");
    for at in 0..1_000_000 {
        let mut name = *b"000000.txt";
        name[..6].copy_from_slice(format!("{at:06}").as_bytes());
        let block = header(std::str::from_utf8(&name).expect("text"), 0);
        stream.write_all(block.as_bytes()).expect("packed");
    }
    let folder = Folder::with("many.tar.gz", stream.finish().expect("packed"));
    let outcome = Call::new(&["analyze", &folder.path("many.tar.gz"), "--format", "json", "--max-files", "2000"]).run();
    assert!(outcome.reported().contains("there are more than 2000 files (see --max-files)"));
}

#[test]
fn paths_that_no_file_has_are_told_and_not_taken_in() {
    // A folder in a folder, a hundred thousand times; names of half a megabyte that climb; and paths as long as any may be.
    let log = ordinary();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut add = |path: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        // As tar writes what it would not make itself.
        let mut long = tar::Header::new_gnu();
        long.set_path("././@LongLink").expect("a path");
        long.set_entry_type(tar::EntryType::GNULongName);
        long.set_size(path.len() as u64);
        long.set_cksum();
        archive.append(&long, path.as_bytes()).expect("a name");
        header.set_cksum();
        archive.append(&header, content).expect("a member");
    };
    add(&format!("{}mail.log", "d/".repeat(100_000)), log.as_bytes());
    (0..40).for_each(|at| add(&format!("../{at}{}", "x".repeat(500_000)), b""));
    (0..500).for_each(|at| add(&format!("{}{at:04}.txt", "e/".repeat(2_000)), b"x"));
    add("mail.log", log.as_bytes());
    let bytes = archive.into_inner().and_then(|packer| packer.finish()).expect("an archive");
    let folder = Folder::with("deep.tar.gz", bytes);
    let outcome = Call::new(&["analyze", &folder.path("deep.tar.gz"), "--format", "json", "--max-ratio", "100000"]).run();
    let report: serde_json::Value = serde_json::from_str(outcome.reported()).expect("JSON");
    assert_eq!(report["traffic"]["sent"], 20, "{:.3000}", outcome.out);
    assert!(outcome.out.contains("its path is longer than that of any file") && !outcome.out.contains(&"x".repeat(1_000)));
}
