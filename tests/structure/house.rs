//! The house's numbers and names: what is long, what lies where, who may know whom.

/// Longest file, lines.
pub(crate) const FILE_LINES: usize = 400;
/// Longest function, lines.
pub(crate) const FUNCTION_LINES: usize = 70;

/// Files that are one table, or one arm per event: they grow with the product and are read row by row.
pub(crate) const TABLES: [&str; 3] = [
    "actors/machine/src/guild/apply.rs",
    "src/config/keys.rs",
    "src/discord/render/tests/facts.rs",
];

/// Files over the limit, with their length. A length here may only shrink, and no file may be added.
pub(crate) const LONG_FILES: &[(&str, usize)] = &[];

/// Functions over the limit, with their length. A length here may only shrink, and no function may be added.
pub(crate) const LONG_FUNCTIONS: &[(&str, &str, usize)] = &[];

/// What lies at the top, besides what git ignores.
pub(crate) const TOP: [&str; 20] = [
    ".cargo",
    ".ci",
    ".clippy.toml",
    ".dockerignore",
    ".env.example",
    ".git",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE",
    "README.md",
    "actors",
    "compose.yaml",
    "config.yml",
    "docs",
    "src",
    "tests",
];

/// Promises of supervision that this release makes; each has a test whose name begins with `pN_`.
pub(crate) const PROMISES: [u32; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// A word that may stand only in some places.
pub(crate) struct Border {
    /// The word, as it begins a path in code.
    pub(crate) word: &'static str,
    /// Where it may stand: prefixes of paths.
    pub(crate) allowed: &'static [&'static str],
    /// Why.
    pub(crate) why: &'static str,
}

pub(crate) const BORDERS: [Border; 14] = [
    Border {
        word: "serenity",
        allowed: &["src/discord/"],
        why: "Discord's types stop at the adapter's door",
    },
    Border {
        word: "twilight_gateway",
        allowed: &["src/discord/"],
        why: "Discord's types stop at the adapter's door",
    },
    Border {
        word: "twilight_model",
        allowed: &["src/discord/"],
        why: "Discord's types stop at the adapter's door",
    },
    Border {
        word: "lavalink_rs",
        allowed: &["src/lavalink/"],
        why: "Lavalink's types stop at the adapter's door",
    },
    Border {
        word: "rusqlite",
        allowed: &["src/store/"],
        why: "only the store knows a database",
    },
    Border {
        word: "actix",
        allowed: &["actors/src/", "src/http/", "src/boot.rs", "src/boot/", "tests/world/"],
        why: "actors are shells; an adapter knows none",
    },
    Border {
        word: "actix_rt",
        allowed: &["actors/src/", "src/http/", "src/boot.rs", "src/boot/", "tests/world/"],
        why: "threads are started in one place",
    },
    Border {
        word: "ostinato_machine",
        allowed: &["src/", "actors/", "tests/world/", "tests/structure"],
        why: "the sandbox shares no type with the bot",
    },
    Border {
        word: "ostinato_actors",
        allowed: &[
            "src/",
            "actors/src/",
            "actors/tests/",
            "tests/world/",
            "tests/structure",
        ],
        why: "never back: the machine knows no actor, the sandbox nothing of ours",
    },
    Border {
        word: "ostinato",
        allowed: &["src/", "tests/structure"],
        why: "never back: src is the top",
    },
    Border {
        word: "clap",
        allowed: &["src/cli.rs", "tests/sandbox/"],
        why: "one place reads the command line",
    },
    Border {
        word: "tracing_subscriber",
        allowed: &["src/logging.rs", "src/discord/rest/tests/", "tests/"],
        why: "one place decides where logs go",
    },
    Border {
        word: "reqwest",
        allowed: &["src/discord/", "src/lavalink/", "tests/sandbox/"],
        why: "only adapters talk",
    },
    Border {
        word: "anyhow",
        allowed: &["src/boot.rs", "src/boot/", "src/main.rs", "tests/sandbox/"],
        why: "errors are named where somebody can act on them",
    },
];

/// What the machine may not touch: it has no clock, chance, file, socket, lock, task or log.
pub(crate) const MACHINE_NEVER: [&str; 12] = [
    "std::time",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::thread",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "tokio",
    "tracing",
    "rand",
    "fastrand",
];
