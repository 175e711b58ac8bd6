//! Source text with comments and strings blanked out, and what can be read from it without a compiler.

use std::path::Path;

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the top.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its text with the insides of comments, strings and characters as spaces; lines stay where they are.
    pub(crate) code: String,
}

impl Source {
    /// Numbers of the lines whose code has `sign`.
    pub(crate) fn lines_with<'a>(&'a self, sign: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code
            .lines()
            .enumerate()
            .filter(move |(_, line)| line.contains(sign))
            .map(|(number, _)| number + 1)
    }

    /// Numbers of the lines whose code has the path `word`: not as a part of a longer name, and followed by `::`, or as
    /// the whole of a `use`.
    pub(crate) fn lines_with_path<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let hit = move |line: &str| {
            line.match_indices(word).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = &line[at + word.len()..];
                let starts = before
                    .is_none_or(|sign| !sign.is_alphanumeric() && sign != '_' && sign != '.' && sign != '"')
                    && !line[..at].ends_with("::");
                let is_use = line.trim_start().starts_with("use ") || line.trim_start().starts_with("pub use ");
                let ends = after.starts_with("::") || (is_use && after.starts_with([';', ' ', ',', '}']));
                let whole = word.contains("::") && after.starts_with([';', ' ', ',', '}', '<', ':', '(', ')']);
                starts && (ends || whole)
            })
        };
        self.code
            .lines()
            .enumerate()
            .filter(move |(_, line)| hit(line))
            .map(|(number, _)| number + 1)
    }
}

/// Every Rust file of the product.
pub(crate) fn sources(root: &Path) -> Vec<Source> {
    let rust = all_files(root).into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| {
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        let code = blank(&text);
        Source { path, text, code }
    })
    .collect()
}

/// Every file that belongs to the product, by path from the top.
pub(crate) fn all_files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let at_top = folder == root;
            if name == "target" || (at_top && matches!(name.as_str(), ".git" | "data" | "Cargo.lock")) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(super::relative(root, &path));
            }
        }
    }
    found.sort();
    found
}

/// One function with a body.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Its first line.
    pub(crate) line: usize,
    /// From the line of `fn` to the closing brace.
    pub(crate) lines: usize,
    /// Whether `#[test]` or the like stands before it.
    pub(crate) is_test: bool,
}

/// Every function with a body, those inside macros included.
pub(crate) fn functions(source: &Source) -> Vec<Function> {
    let code = &source.code;
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let starts_word = !code[..at].ends_with(|sign: char| sign.is_alphanumeric() || sign == '_');
        let name: String = code[at + 3..]
            .chars()
            .take_while(|sign| sign.is_alphanumeric() || *sign == '_')
            .collect();
        if !starts_word || name.is_empty() {
            continue;
        }
        let Some(end) = body_end(code, at) else { continue };
        let line = code[..at].matches('\n').count() + 1;
        found.push(Function {
            name,
            line,
            lines: code[at..end].matches('\n').count() + 1,
            is_test: is_test(&code[..at]),
        });
    }
    found
}

/// Where the body of the function at `at` ends; `None` for one without a body.
fn body_end(code: &str, at: usize) -> Option<usize> {
    let (mut round, mut curly) = (0_i32, 0_i32);
    for (offset, sign) in code[at..].char_indices() {
        match sign {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if round == 0 && curly == 0 => return None,
            '{' => curly += 1,
            '}' => {
                curly -= 1;
                if curly <= 0 {
                    return Some(at + offset);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether the attributes right before a function make it a test.
fn is_test(before: &str) -> bool {
    before
        .lines()
        .rev()
        .skip(1)
        .map(str::trim)
        .take_while(|line| line.starts_with("#[") || line.is_empty() || line.ends_with(']'))
        .any(|line| line.starts_with("#[") && line.contains("test"))
        || before.trim_end().ends_with("#[test]")
}

/// `text` with the insides of comments, strings and characters as spaces.
pub(crate) fn blank(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < signs.len() {
        let end = match (signs[at], signs.get(at + 1)) {
            ('/', Some('/')) => find(&signs, at, |rest| rest.starts_with(&['\n'])),
            ('/', Some('*')) => find(&signs, at + 2, |rest| rest.starts_with(&['*', '/'])) + 2,
            ('r', Some('"' | '#')) if !after_name(&signs, at) => raw_string(&signs, at),
            ('"', _) => string(&signs, at),
            ('\'', Some('\\')) => find(&signs, at + 3, |rest| rest.starts_with(&['\''])) + 1,
            ('\'', Some(_)) if signs.get(at + 2) == Some(&'\'') => at + 3,
            _ => {
                out.push(signs[at]);
                at += 1;
                continue;
            }
        };
        let end = end.min(signs.len()).max(at + 1);
        out.extend(signs[at..end].iter().map(|sign| if *sign == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

fn find(signs: &[char], from: usize, is: impl Fn(&[char]) -> bool) -> usize {
    (from.min(signs.len())..signs.len())
        .find(|at| is(&signs[*at..]))
        .unwrap_or(signs.len())
}

fn after_name(signs: &[char], at: usize) -> bool {
    at > 0 && (signs[at - 1].is_alphanumeric() && signs[at - 1] != 'b' || signs[at - 1] == '_')
}

fn string(signs: &[char], at: usize) -> usize {
    let mut end = at + 1;
    while end < signs.len() && signs[end] != '"' {
        end += if signs[end] == '\\' { 2 } else { 1 };
    }
    end + 1
}

fn raw_string(signs: &[char], at: usize) -> usize {
    let hashes = signs[at + 1..].iter().take_while(|sign| **sign == '#').count();
    if signs.get(at + 1 + hashes) != Some(&'"') {
        // A raw name, such as r#type.
        return at + 1;
    }
    let mut close = vec!['"'];
    close.extend(std::iter::repeat_n('#', hashes));
    find(signs, at + 2 + hashes, |rest| rest.starts_with(&close)) + close.len()
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = "let a = \"serenity::x // no\"; // serenity::y\n/* fn b() { } */ let c = '\"'; let d = r#\"\"fn\"#; let e: &'a str;";
    let code = blank(text);
    assert!(!code.contains("serenity") && !code.contains("fn"), "{code}");
    assert!(code.contains("let c =") && code.contains("let e: &'a str;"), "{code}");
    assert_eq!(code.matches('\n').count(), text.matches('\n').count());
}

#[test]
fn functions_are_measured_from_their_name_to_their_brace() {
    let text = "trait T { fn without(&self); }\n#[test]\nfn one() {\n    if a {\n    }\n}\nconst fn two(x: [u8; 3]) -> u8 { x[0] }\n";
    let source = Source {
        path: String::new(),
        text: text.into(),
        code: blank(text),
    };
    let found = functions(&source);
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.name.as_str(), one.line, one.lines, one.is_test))
        .collect();
    assert_eq!(told, [("one", 3, 4, true), ("two", 7, 1, false)]);
}

#[test]
fn a_path_is_found_and_a_longer_name_is_not() {
    let text = "use actix::prelude;\nuse actix_rt::x;\nlet a = my_actix::b;\nuse std::time;\nstd::time::Instant\nuse crate::actix::x;\n";
    let source = Source {
        path: String::new(),
        text: text.into(),
        code: blank(text),
    };
    assert_eq!(source.lines_with_path("actix").collect::<Vec<_>>(), [1]);
    assert_eq!(source.lines_with_path("std::time").collect::<Vec<_>>(), [4, 5]);
}
