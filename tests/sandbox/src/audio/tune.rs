//! A melody of its own for every built-in track, drawn from the track's id. Pure: the same id sounds the same.
//!
//! A tune is a loop of whole bars whose last notes ring on into its beginning, so that it can go round for hours and
//! be entered anywhere.

/// Samples a second.
pub const RATE: u32 = 24_000;

const BARS: usize = 8;

const BEATS: usize = 4;

/// Points of a wave that is looked up.
const POINTS: usize = 1_024;

/// Scales, in half tones above the root: what is played of them is drawn.
const SCALES: [[u8; 7]; 4] = [
    [0, 2, 4, 5, 7, 9, 11],
    [0, 2, 3, 5, 7, 8, 10],
    [0, 2, 3, 5, 7, 9, 10],
    [0, 2, 4, 6, 7, 9, 11],
];

/// Steps of the scale on which the four chords stand; each holds for two bars.
const PROGRESSIONS: [[usize; 4]; 5] = [[0, 5, 3, 4], [0, 3, 5, 4], [0, 4, 5, 3], [5, 3, 0, 4], [0, 2, 3, 4]];

/// Steps from one chord tone to the next.
const CHORD: [usize; 3] = [0, 2, 4];

/// Beats of a bar on which the melody plays, in eighths.
const RHYTHMS: [&[usize]; 5] = [
    &[0, 2, 3, 4, 6],
    &[0, 3, 4, 6, 7],
    &[0, 1, 2, 4, 6],
    &[0, 2, 4, 5, 6, 7],
    &[0, 3, 6],
];

/// How an instrument sounds.
struct Voice {
    /// One period.
    wave: Vec<f32>,
    attack_s: f32,
    /// Time in which it falls to a third.
    decay_s: f32,
}

impl Voice {
    fn new(overtones: &[f32], attack_s: f32, decay_s: f32) -> Self {
        let point = |at: usize| {
            let angle = std::f32::consts::TAU * at as f32 / POINTS as f32;
            let partials = overtones.iter().zip(1_u8..);
            partials
                .map(|(level, nth)| level * (angle * f32::from(nth)).sin())
                .sum()
        };
        Self {
            wave: (0..POINTS).map(point).collect(),
            attack_s,
            decay_s,
        }
    }

    /// Adds a note to the loop, round its end.
    fn play(&self, out: &mut [f32], from: usize, half_tones: f32, level: f32) {
        let hertz = 55.0 * (half_tones / 12.0).exp2();
        let step = hertz * POINTS as f32 / RATE as f32;
        let samples = (self.decay_s * 5.0 * RATE as f32) as usize;
        let rise = 1.0 / (self.attack_s * RATE as f32);
        let fall = (-1.0 / (self.decay_s * RATE as f32)).exp();
        let (mut phase, mut attack, mut decay) = (0.0_f32, 0.0_f32, level);
        let mut at = from % out.len();
        for _ in 0..samples.min(out.len()) {
            let wave = self.wave.get(phase as usize).copied().unwrap_or(0.0);
            if let Some(sample) = out.get_mut(at) {
                *sample += wave * attack * decay;
            }
            phase += step;
            if phase >= POINTS as f32 {
                phase -= POINTS as f32;
            }
            attack = (attack + rise).min(1.0);
            decay *= fall;
            at += 1;
            if at == out.len() {
                at = 0;
            }
        }
    }
}

/// What is drawn for a tune.
struct Score {
    random: fastrand::Rng,
    scale: [u8; 7],
    /// Half tones above the lowest A.
    root: u8,
    chords: [usize; 4],
    /// Samples of an eighth.
    eighth: usize,
}

impl Score {
    fn draw(id: &str) -> Self {
        let mut random = fastrand::Rng::with_seed(super::hash(id));
        let beats_a_minute = 4 * random.usize(21..31);
        Self {
            scale: SCALES[random.usize(0..SCALES.len())],
            root: random.u8(0..12),
            chords: PROGRESSIONS[random.usize(0..PROGRESSIONS.len())],
            eighth: 30 * RATE as usize / beats_a_minute,
            random,
        }
    }

    /// The tone on a step of the scale, octaves up included.
    fn tone(&self, step: usize) -> f32 {
        let octave = u8::try_from(step / self.scale.len()).unwrap_or(0);
        f32::from(self.root) + f32::from(self.scale[step % self.scale.len()]) + 12.0 * f32::from(octave)
    }

    fn chord(&self, bar: usize) -> usize {
        self.chords[bar / 2 % self.chords.len()]
    }

    fn bar_at(&self, bar: usize) -> usize {
        bar * BEATS * 2 * self.eighth
    }

    fn bass(&self, out: &mut [f32]) {
        let voice = Voice::new(&[1.0, 0.35, 0.12], 0.01, 0.45);
        for bar in 0..BARS {
            for (eighth, above) in [(0, 0), (3, 0), (4, 4), (6, 0)] {
                let at = self.bar_at(bar) + eighth * self.eighth;
                voice.play(out, at, self.tone(self.chord(bar) + above), 0.30);
            }
        }
    }

    fn pad(&self, out: &mut [f32]) {
        let voice = Voice::new(&[0.8, 0.2, 0.1, 0.05], 0.25, 0.9);
        for bar in 0..BARS {
            for above in CHORD {
                voice.play(out, self.bar_at(bar), 24.0 + self.tone(self.chord(bar) + above), 0.12);
            }
        }
    }

    /// Two phrases of two bars, the second one answered differently the second time.
    fn melody(&mut self, out: &mut [f32]) {
        let bells: [&[f32]; 3] = [
            &[1.0, 0.0, 0.3, 0.0, 0.1],
            &[1.0, 0.5, 0.25, 0.12],
            &[1.0, 0.1, 0.0, 0.25],
        ];
        let bell = bells[self.random.usize(0..bells.len())];
        let voice = Voice::new(bell, 0.008, 0.28);
        let rhythms: Vec<usize> = (0..4).map(|_| self.random.usize(0..RHYTHMS.len())).collect();
        let mut step = 7 + self.random.usize(0..5);
        for bar in 0..BARS {
            let rhythm = RHYTHMS[rhythms[if bar == BARS - 1 { 3 } else { bar % 3 }]];
            for (nth, eighth) in rhythm.iter().enumerate() {
                step = match nth {
                    // Each bar begins on a tone of its chord.
                    0 => 7 + self.chord(bar) % 7 + CHORD[self.random.usize(0..CHORD.len())],
                    _ => (step + self.random.usize(0..5)).saturating_sub(2).clamp(5, 18),
                };
                let at = self.bar_at(bar) + eighth * self.eighth;
                let level = if eighth % 4 == 0 { 0.30 } else { 0.22 };
                voice.play(out, at, 24.0 + self.tone(step), level);
            }
        }
    }
}

/// The loop of a track: 16 bit samples, mono, [`RATE`] a second.
pub(super) fn render(id: &str) -> Vec<i16> {
    let mut score = Score::draw(id);
    let mut out = vec![0.0_f32; score.bar_at(BARS)];
    score.pad(&mut out);
    score.bass(&mut out);
    score.melody(&mut out);
    let peak = out.iter().fold(0.1_f32, |peak, sample| peak.max(sample.abs()));
    let gain = 0.7 * f32::from(i16::MAX) / peak;
    out.into_iter().map(|sample| (sample * gain) as i16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_always_sounds_the_same_and_no_two_sound_alike() {
        let ids = ["first", "second", "third", "g1t7"];
        let tunes: Vec<Vec<i16>> = ids.iter().map(|id| render(id)).collect();
        assert_eq!(tunes[0], render("first"));
        for (one, other) in [(0, 1), (0, 2), (1, 2), (2, 3)] {
            assert_ne!(tunes[one], tunes[other]);
        }
    }

    #[test]
    fn a_tune_is_loud_enough_everywhere_and_never_clipped() {
        for id in ["first", "second", "third", "fourth", "fifth"] {
            let tune = render(id);
            let seconds = tune.len() / RATE as usize;
            assert!((12..40).contains(&seconds), "{id}: {seconds} s");
            assert!(tune.iter().all(|sample| sample.unsigned_abs() < 30_000), "{id}");
            for part in tune.chunks_exact(RATE as usize) {
                let sum: f64 = part.iter().map(|sample| f64::from(*sample).powi(2)).sum();
                let level = (sum / f64::from(RATE)).sqrt();
                assert!(level > 300.0, "{id}: a second at {level:.0}");
            }
        }
    }

    #[test]
    fn the_loop_closes_without_a_click() {
        for id in ["first", "second", "third"] {
            let tune = render(id);
            let step = |pair: &[i16]| i32::from(pair[0]).abs_diff(i32::from(pair[1]));
            let widest = tune.windows(2).map(step).max().unwrap();
            let seam = step(&[*tune.last().unwrap(), tune[0]]);
            assert!(seam <= widest, "{id}: {seam} at the seam, {widest} elsewhere");
        }
    }
}
