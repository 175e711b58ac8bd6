//! Running scenarios against the real bot: which may share a process, in what order, and what came of it.

pub mod chat;
mod click;
mod complete;
pub mod faults;
pub mod look;
pub mod model;
pub mod stage;
pub mod step;
pub mod typed;
pub mod watch;

mod plan;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::{self, StreamExt as _};

use crate::findings::Summary;
use crate::scenario::Scenario;
use stage::Stage;
use step::{Failure, Play};

pub use report::{human, json};

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bot's program.
    pub program: PathBuf,
    /// Seed of every id and every mix.
    pub seed: u64,
    /// Scenarios at a time.
    pub at_once: usize,
    /// Called with each result as it comes.
    pub tell: fn(&Outcome),
}

/// What came of one scenario.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file.
    pub file: PathBuf,
    /// Its name.
    pub name: String,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// How long it took, ms.
    pub took_ms: u64,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Each scenario.
    pub outcomes: Vec<Outcome>,
    /// Requests that the real services would have refused.
    pub violations: Vec<String>,
    /// Refusals that could not be avoided, by kind.
    pub races: BTreeMap<String, u64>,
    /// What is to be said once.
    pub notes: Vec<String>,
    /// The seed.
    pub seed: u64,
    /// What happened, step by step, one JSON object each.
    pub log: Vec<serde_json::Value>,
}

impl Run {
    /// Scenarios that passed.
    pub fn passed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_none()).count()
    }

    /// Scenarios that failed.
    pub fn failed(&self) -> usize {
        self.outcomes.len() - self.passed()
    }

    /// Whether everything is as promised.
    pub fn is_good(&self) -> bool {
        self.failed() == 0 && self.violations.is_empty()
    }

    fn take(&mut self, part: Part) {
        self.outcomes.extend(part.outcomes);
        self.log.extend(part.log);
        self.violations.extend(part.findings.violations);
        for (kind, count) in part.findings.races {
            *self.races.entry(kind).or_default() += count;
        }
        for note in part.findings.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }
}

/// Scenarios that were run on one stage.
#[derive(Default)]
struct Part {
    outcomes: Vec<Outcome>,
    findings: Summary,
    log: Vec<serde_json::Value>,
}

/// Runs `scenarios`.
pub async fn run(scenarios: &[Scenario], options: &Options) -> Run {
    let mut run = Run {
        seed: options.seed,
        ..Run::default()
    };
    let (own, shared): (Vec<&Scenario>, Vec<&Scenario>) =
        scenarios.iter().partition(|scenario| scenario.needs_its_own());
    let shared: Vec<Scenario> = shared.into_iter().map(plan::set_apart).collect();
    run.take(together(&shared, options).await);
    let mut alone =
        stream::iter(own.into_iter().map(|scenario| alone(scenario, options))).buffer_unordered(options.at_once.max(1));
    while let Some(part) = alone.next().await {
        run.take(part);
    }
    run.outcomes.sort_by(|one, other| one.file.cmp(&other.file));
    run
}

/// One bot process for all of them, a guild for each.
async fn together(scenarios: &[Scenario], options: &Options) -> Part {
    if scenarios.is_empty() {
        return Part::default();
    }
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let stage = match raise(options, &nodes, serde_json::json!({}), true).await {
        Ok(stage) => Arc::new(stage),
        Err(error) => return Part::failed(scenarios, options, &error),
    };
    let mut part = Part::default();
    for wave in plan::waves(scenarios) {
        for scenario in &wave {
            stage.at.add_tracks(&scenario.world);
        }
        let plays = wave.into_iter().map(|scenario| play(scenario, &stage, options));
        let mut plays = stream::iter(plays).buffer_unordered(options.at_once.max(1));
        while let Some((outcome, log)) = plays.next().await {
            part.outcomes.push(outcome);
            part.log.extend(log);
        }
        // Tracks of the next wave may have the same names.
        stage.at.clear_tracks();
    }
    part.findings = stage.at.finish();
    end(&stage, &mut part).await;
    part
}

/// A process and stand-ins for this scenario alone.
async fn alone(scenario: &Scenario, options: &Options) -> Part {
    let config = serde_json::to_value(&scenario.world.config).unwrap_or_default();
    let stage = match raise(options, &scenario.world.nodes, config, scenario.world.message_content).await {
        Ok(stage) => stage,
        Err(error) => return Part::failed(std::slice::from_ref(scenario), options, &error),
    };
    stage.at.add_tracks(&scenario.world);
    let (outcome, log) = play(scenario, &stage, options).await;
    let mut part = Part {
        outcomes: vec![outcome],
        findings: stage.at.finish(),
        log,
    };
    let name = scenario.file.display().to_string();
    for violation in &mut part.findings.violations {
        *violation = format!("{name}: {violation}");
    }
    end(&stage, &mut part).await;
    part
}

async fn raise(
    options: &Options,
    nodes: &[String],
    config: serde_json::Value,
    message_content: bool,
) -> anyhow::Result<Stage> {
    let stage = Stage::prepare(options.program.clone(), nodes, options.seed, config).await?;
    stage.at.chat.grant_content(message_content);
    stage.raise().await?;
    Ok(stage)
}

async fn play(scenario: &Scenario, stage: &Stage, options: &Options) -> (Outcome, Vec<serde_json::Value>) {
    let began = Instant::now();
    let mut play = Play::new(stage, scenario);
    let failure = play.run().await.err();
    let log = play.leave();
    let outcome = Outcome {
        file: scenario.file.clone(),
        name: scenario.name.clone(),
        failure,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    (options.tell)(&outcome);
    (outcome, log)
}

/// The bot must end cleanly; if it does not, that is the failure of whoever was last.
async fn end(stage: &Stage, part: &mut Part) {
    if !stage.bot.lock().await.runs() && part.outcomes.iter().any(|outcome| outcome.failure.is_some()) {
        return;
    }
    if let Err(error) = stage.terminate().await
        && let Some(last) = part.outcomes.iter_mut().rfind(|outcome| outcome.failure.is_none())
    {
        last.failure = Some(Failure {
            line: 0,
            step: "the end: SIGTERM".into(),
            why: format!("{error:#}"),
            log: stage.bot.lock().await.log_tail(25),
        });
    }
}

impl Part {
    /// There was no stage for these.
    fn failed(scenarios: &[Scenario], options: &Options, error: &anyhow::Error) -> Self {
        let outcomes = scenarios.iter().map(|scenario| Outcome {
            file: scenario.file.clone(),
            name: scenario.name.clone(),
            failure: Some(Failure {
                line: 0,
                step: "the start".into(),
                why: format!("{error:#}"),
                log: Vec::new(),
            }),
            took_ms: 0,
        });
        let outcomes: Vec<Outcome> = outcomes.collect();
        outcomes.iter().for_each(options.tell);
        Self {
            outcomes,
            ..Self::default()
        }
    }
}
