//! Everything at once, for somebody who wants to see it: the stand-ins, the real bot, a guild, music.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::audio::Library;
use crate::run::look;
use crate::run::stage::Stage;
use crate::run::typed::Typed;
use crate::scenario::GuildSpec;
use crate::{bot, serve};

/// How long an answer may take, ms.
const ANSWER_MS: u64 = 5_000;

/// Problems of a music folder that are told one by one.
const TOLD: usize = 5;

/// Starts the stand-ins and the bot, plays in a guild, and goes on until Ctrl-C. `music` is a folder whose audio files
/// are offered beside the built-in tracks.
///
/// # Errors
/// When the bot can't be found or started, or `music` is no folder.
pub async fn open(program: &Option<PathBuf>, seed: u64, music: Option<&Path>) -> anyhow::Result<()> {
    let library = music.map(read).transpose()?.unwrap_or_default();
    let program = bot::find(program.as_deref())?;
    let stage = Stage::prepare(
        program.clone(),
        &["n1".into(), "n2".into()],
        seed,
        serde_json::json!({}),
    )
    .await?;
    serve::add_tracks(&mut stage.at.catalogue());
    library.offer(&mut stage.at.catalogue());
    tell(&stage, &program).await;
    let guild = stage.at.add_guild("Harbour", &harbour());
    stage.raise().await?;
    let ann = guild.member("ann");
    stage.at.chat.seat(guild.id, ann, Some(guild.first_voice));
    println!("\n#music in Harbour, ann sits in Lounge");
    let own = library
        .songs()
        .first()
        .map(|song| format!("/play query:{}", song.uri()));
    let first = own.as_deref().unwrap_or("/play query:First");
    for text in [first, "/play query:Second", "/loop mode:queue", "/queue"] {
        let answer = look::ask(&stage, &guild, guild.first_text, ann, &Typed::read(text), ANSWER_MS).await;
        println!("  ann  {text}");
        match answer {
            Ok(Some(answer)) => answer.text.lines().for_each(|line| println!("       {line}")),
            Ok(None) => println!("       no answer within {} s", ANSWER_MS / 1_000),
            Err(why) => println!("       {why}"),
        }
    }
    println!("\nIt plays until Ctrl-C.");
    listen(&stage, guild.id).await?;
    println!("\nGoing home.");
    // Ctrl-C reaches the bot as well, so it may have ended already.
    if stage.alive().await.is_ok() {
        stage.terminate().await?;
    }
    Ok(())
}

/// Reads a music folder and says what came of it.
///
/// # Errors
/// When `folder` is none.
pub fn read(folder: &Path) -> anyhow::Result<Library> {
    let library = Library::read(folder)?;
    let (offered, problems) = (library.songs().len(), library.problems());
    println!("music        {offered} files of {}", folder.display());
    for problem in problems.iter().take(TOLD) {
        println!("             {problem}");
    }
    if problems.len() > TOLD {
        println!("             and {} more that can't be offered", problems.len() - TOLD);
    }
    Ok(library)
}

async fn tell(stage: &Stage, program: &Path) {
    println!("bot          {}", program.display());
    println!("its log      {}", stage.bot.lock().await.log_path().display());
    for (name, value) in stage.at.environment() {
        if name == "DISCORD_API_BASE_URL" {
            println!("Discord      {value} (stand-in)");
        }
    }
    for node in stage.at.nodes.iter() {
        println!("audio node   {} at http://{} (stand-in)", node.name(), node.addr());
    }
}

/// Says what is heard whenever it changes.
async fn listen(stage: &Stage, guild: u64) -> anyhow::Result<()> {
    let mut before = None;
    loop {
        let now = stage.at.sound.sounding(guild);
        if now != before {
            let title = now
                .as_ref()
                .and_then(|id| stage.at.catalogue().song(id).map(|song| song.title.clone()));
            println!(
                "  Lounge  {}",
                title.map_or_else(|| "silence".to_owned(), |title| format!("♪ {title}"))
            );
            before = now;
        }
        tokio::select! {
            ended = tokio::signal::ctrl_c() => return Ok(ended?),
            () = tokio::time::sleep(Duration::from_millis(100)) => stage.alive().await?,
        }
    }
}

fn harbour() -> GuildSpec {
    GuildSpec {
        text: vec!["music".into()],
        voice: vec!["Lounge".into(), "Attic".into()],
        members: vec!["ann".into(), "bob".into()],
    }
}
