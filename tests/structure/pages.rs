//! Pages and files that are made from tables, and links between pages.

use std::path::Path;

use ostinato::config;
use ostinato::discord::commands;

/// How a page is made again.
const AGAIN: &str = "UPDATE_DOCS=1 cargo test -p ostinato --test structure";

/// The made files that differ from their tables. With `UPDATE_DOCS` set they are written instead.
pub(crate) fn stale(root: &Path) -> Vec<String> {
    let pages = [
        ("docs/configuration.md", config::reference()),
        ("docs/commands.md", commands::markdown()),
        ("docs/metrics.md", ostinato::http::metrics::markdown()),
        ("docs/api.md", ostinato::http::manual::markdown()),
        ("config.yml", config::example_file()),
        (".env.example", config::example_environment()),
    ];
    let mut found = Vec::new();
    for (name, made) in pages {
        let path = root.join(name);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != made {
            let line = kept
                .lines()
                .zip(made.lines())
                .take_while(|(one, other)| one == other)
                .count()
                + 1;
            found.push(format!("{name}:{line}: differs from its table; make it again: {AGAIN}"));
        }
    }
    found
}

/// Links of pages, and files in backquotes under a folder of ours, that lead nowhere.
pub(crate) fn dead_links(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for page in super::code::all_files(root)
        .into_iter()
        .filter(|path| path.ends_with(".md"))
    {
        let text = std::fs::read_to_string(root.join(&page)).unwrap();
        let folder = root.join(&page).parent().unwrap().to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !folder.join(target).exists() {
                found.push(format!("{page}: {link} leads nowhere"));
            }
        }
        for name in text.split('`').skip(1).step_by(2).filter(|name| is_path(name)) {
            if !root.join(name).exists() {
                found.push(format!("{page}: `{name}` does not exist"));
            }
        }
    }
    found
}

/// Whether a text in backquotes is a file or folder of this house.
fn is_path(name: &str) -> bool {
    let ours = ["src/", "actors/", "tests/", "docs/"]
        .iter()
        .any(|folder| name.starts_with(folder));
    ours && !name.contains(|sign: char| sign.is_whitespace() || "*{<…".contains(sign))
}
