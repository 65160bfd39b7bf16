//! `plan.yaml`: the steps that the plan adds by itself, the words of its phases, and what the commands are called on the systems
//! they are run on.

use super::lazy::{Dialect, LazyRegex};
use super::model::StepSpec;
use super::read;
use super::yaml::Reader;
use std::collections::BTreeMap;

/// Steps that the plan adds by itself, and its words.
#[derive(Debug, Default)]
pub struct PlanSpec {
    /// Phase id, title, and what it is for.
    pub phases: Vec<(String, String, String)>,
    /// The step that pauses delivery.
    pub pause: Option<StepSpec>,
    /// The step that resumes it.
    pub resume: Option<StepSpec>,
    /// Steps that many remedies end in, by the name that these use.
    pub shared: BTreeMap<String, StepSpec>,
    /// Steps of every plan.
    pub always: Vec<StepSpec>,
    /// Command and reason of the warning against flushing.
    pub flush_warning: Option<(String, String)>,
    /// Systems whose commands differ from those that the rules write.
    pub systems: Vec<System>,
    /// Commands that move waiting mail.
    pub moves_mail: Vec<String>,
    /// Directories of Postfix as the rules write them, and the parameters that say where they are.
    pub directories: Vec<(String, String)>,
    /// How commands are run where Postfix runs several times.
    pub instances: Option<Through>,
    /// How commands are run where Postfix runs in a container.
    pub containers: Option<Through>,
    /// How a sentence ends that names some of many; `{n}` stands for the number of the others.
    pub and_more: Option<String>,
    /// Commands that show the mail log, by the name of the log in the bundle; the first that fits.
    pub show_log: Vec<ShowLog>,
}

/// How a command works on one of several instances of Postfix, or in a container.
#[derive(Debug)]
pub struct Through {
    /// The commands that belong there.
    pub commands: Vec<String>,
    /// Directories that are there: any command that names a file in one belongs there, too.
    pub paths: Vec<String>,
    /// What stands before them; `NAME` stands for the instance's or the container's.
    pub through: String,
}

impl Through {
    /// Commands of the rules as they are run for `name`.
    pub fn command(&self, text: &str, name: &str) -> String {
        let through = self.through.replace("NAME", name);
        let mut out = String::new();
        let mut starts = true;
        let mut at = 0;
        for word in text.split_inclusive(|c: char| c.is_whitespace() || "|;&(`".contains(c)) {
            let bare = word.trim_end_matches(|c: char| c.is_whitespace() || "|;&(`".contains(c));
            let rest = text[at..].split(|c: char| "\n|;&(`".contains(c)).next().unwrap_or_default();
            at += word.len();
            let names = |path: &String| rest.split_whitespace().any(|word| word.starts_with(path.as_str()));
            if starts && !bare.is_empty() && (self.commands.iter().any(|command| command == bare) || self.paths.iter().any(names))
            {
                out.push_str(&through);
                out.push(' ');
            }
            out.push_str(word);
            // A command stands at the start of a line and behind what the shell splits commands at.
            starts = word.ends_with(|c: char| "\n|;&(`".contains(c))
                || (starts && bare.is_empty())
                || matches!(bare, "do" | "then" | "xargs");
        }
        out
    }
}

/// A command that shows the mail log.
#[derive(Debug)]
pub struct ShowLog {
    /// Recognises the name of the log in the bundle; every name if there is none.
    pub file: Option<LazyRegex>,
    /// The command.
    pub run: String,
}

/// A kind of system, and what its commands are called.
#[derive(Debug)]
pub struct System {
    /// Recognises it by the name of the operating system or distribution; none matches.
    pub os: Option<LazyRegex>,
    /// Recognises it by a program that runs there.
    pub program: Option<LazyRegex>,
    /// What the rules write, and what it is there. `NAME` stands for each name that follows.
    pub instead: Vec<(String, String)>,
}

impl PlanSpec {
    /// Reads `plan.yaml`; what a folder of one's own does not name stays as it is.
    pub(super) fn read(&mut self, reader: &mut Reader<'_>) {
        let Some(root) = reader.parse() else { return };
        let mut fields = reader.fields(root, "plan.yaml");
        if let Some(node) = fields.take("phases") {
            self.phases.clear();
            for item in reader.list(node) {
                let mut phase = reader.fields(item, "a phase");
                let [id, title, says] =
                    ["id", "title", "says"].map(|name| phase.take(name).map(|node| reader.text(&node, name)).unwrap_or_default());
                phase.finish(reader);
                self.phases.push((id, title, says));
            }
        }
        if let Some(node) = fields.take("pause") {
            self.pause = read::free_step(reader, node);
        }
        if let Some(node) = fields.take("resume") {
            self.resume = read::free_step(reader, node);
        }
        if let Some(node) = fields.take("shared") {
            for (key, node) in reader.map(node, "shared") {
                if let Some(step) = read::free_step(reader, node) {
                    let name = key.name.into_owned();
                    self.shared.insert(name.clone(), StepSpec { shared: Some(name), ..step });
                }
            }
        }
        if let Some(node) = fields.take("always") {
            self.always = reader.list(node).into_iter().filter_map(|item| read::free_step(reader, item)).collect();
        }
        if let Some(node) = fields.take("flush_warning") {
            let mut warning = reader.fields(node, "flush_warning");
            let run = warning.need(reader, "run").map(|node| reader.text(&node, "run")).unwrap_or_default();
            let why = warning.need(reader, "why").map(|node| reader.text(&node, "why")).unwrap_or_default();
            warning.finish(reader);
            self.flush_warning = Some((run, why));
        }
        if let Some(node) = fields.take("and_more") {
            self.and_more = Some(reader.text(&node, "and_more"));
        }
        if let Some(node) = fields.take("show_log") {
            self.show_log.clear();
            for item in reader.list(node) {
                let mut log = reader.fields(item, "a log");
                let file = log.take("file").and_then(|node| {
                    let pattern = reader.text(&node, "file");
                    LazyRegex::read(reader, pattern, node.place, Dialect::Value)
                });
                let run = log.need(reader, "run").map(|node| reader.text(&node, "a command")).unwrap_or_default();
                log.finish(reader);
                self.show_log.push(ShowLog { file, run });
            }
        }
        if let Some(node) = fields.take("systems") {
            self.systems.clear();
            for item in reader.list(node) {
                let mut system = reader.fields(item, "a system");
                let [os, program] = ["os", "program"].map(|name| {
                    let node = system.take(name)?;
                    let pattern = reader.text(&node, name);
                    LazyRegex::read(reader, pattern, node.place, Dialect::Value)
                });
                let instead = system.need(reader, "instead").map(|node| reader.map(node, "instead")).unwrap_or_default();
                let instead =
                    instead.into_iter().map(|(key, node)| (key.name.into_owned(), reader.text(&node, "a command"))).collect();
                system.finish(reader);
                self.systems.push(System { os, program, instead });
            }
        }
        if let Some(node) = fields.take("moves_mail") {
            self.moves_mail = reader.texts(node, "a command").into_iter().map(|(command, _)| command).collect();
        }
        if let Some(node) = fields.take("directories") {
            let known = reader.map(node, "directories").into_iter();
            self.directories = known.map(|(key, node)| (key.name.into_owned(), reader.text(&node, "a parameter"))).collect();
        }
        for name in ["instances", "containers"] {
            let Some(node) = fields.take(name) else { continue };
            let mut through = reader.fields(node, name);
            let commands = through.need(reader, "commands").map(|node| reader.texts(node, "a command")).unwrap_or_default();
            let paths = through.take("paths").map(|node| reader.texts(node, "a directory")).unwrap_or_default();
            let text = through.need(reader, "through").map(|node| reader.text(&node, "through")).unwrap_or_default();
            through.finish(reader);
            let [commands, paths] = [commands, paths].map(|texts| texts.into_iter().map(|(text, _)| text).collect());
            let through = Some(Through { commands, paths, through: text });
            match name {
                "instances" => self.instances = through,
                _ => self.containers = through,
            }
        }
        fields.finish(reader);
    }

    /// The command that shows the log that was collected as `path`: where it is kept differs.
    pub fn show_log(&self, path: Option<&str>) -> Option<&str> {
        let name = path.map(|path| path.rsplit('/').next().unwrap_or(path));
        let fits = |log: &&ShowLog| log.file.as_ref().is_none_or(|file| name.is_some_and(|name| file.is_match(name)));
        self.show_log.iter().find(fits).map(|log| log.run.as_str())
    }
}

impl System {
    /// A command of the rules as it is on this system.
    pub fn command(&self, text: &str) -> String {
        self.instead.iter().fold(text.to_owned(), |text, (of, say)| replaced(&text, of, say))
    }
}

/// `text` with the directory `is` in the place of `written`, also where that stands at the beginning of a longer path.
pub fn moved(text: &str, written: &str, is: &str) -> String {
    let part_of_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(written) {
        let (before, after) = (&rest[..at], &rest[at + written.len()..]);
        let whole = !before.ends_with(part_of_name) && !after.starts_with(part_of_name);
        out.push_str(before);
        out.push_str(if whole { is } else { written });
        rest = after;
    }
    out + rest
}

/// `text` with `say` in the place of `of` and of the names and options behind it, once for each name.
fn replaced(text: &str, of: &str, say: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(of) {
        let (before, after) = (&rest[..at], &rest[at + of.len()..]);
        out.push_str(before);
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
            || after.starts_with(|c: char| c.is_alphanumeric() || c == '-')
        {
            out.push_str(of);
            rest = after;
            continue;
        }
        let mut names = Vec::new();
        let mut tail = after;
        while let Some(word) = tail.strip_prefix(' ') {
            let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || "-_@.=".contains(c))).unwrap_or(word.len());
            // A redirection, a variable or what the shell does next is not a name; a block of the template ends one.
            let next = &word[end..];
            let ended = next.is_empty()
                || next.starts_with([' ', '\n', '`', ';'])
                || next.starts_with("{{/")
                || next.starts_with("{{else");
            if end == 0 || !ended {
                break;
            }
            if !word.starts_with('-') {
                names.push(&word[..end]);
            }
            tail = next;
        }
        if names.is_empty() || !say.contains("NAME") {
            out.push_str(&say.replace(" NAME", ""));
        } else {
            out.push_str(&names.iter().map(|name| say.replace("NAME", name)).collect::<Vec<_>>().join("; "));
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{moved, replaced};

    #[test]
    fn a_directory_is_moved_where_it_is_meant() {
        for (text, wanted) in [
            ("postmap /etc/postfix/a hash:/etc/postfix/b", "postmap /opt/m/a hash:/opt/m/b"),
            ("ls /etc/postfix; ls /etc/postfix-out /usr/etc/postfix", "ls /opt/m; ls /etc/postfix-out /usr/etc/postfix"),
        ] {
            assert_eq!(moved(text, "/etc/postfix", "/opt/m"), wanted);
        }
    }

    #[test]
    fn a_command_takes_the_names_behind_it_and_leaves_the_rest() {
        for (text, wanted) in [
            ("systemctl status a b@c --no-pager 2>/dev/null | tail", "service a status; service b@c status 2>/dev/null | tail"),
            ("x || systemctl status a; y", "x || service a status; y"),
            ("`systemctl status` and more", "`service status` and more"),
            ("mysystemctl status a", "mysystemctl status a"),
            ("systemctl status $name", "service status $name"),
            (
                "{{#if a}}systemctl status b{{else}}systemctl status c{{/if}}",
                "{{#if a}}service b status{{else}}service c status{{/if}}",
            ),
        ] {
            assert_eq!(replaced(text, "systemctl status", "service NAME status"), wanted);
        }
    }
}
