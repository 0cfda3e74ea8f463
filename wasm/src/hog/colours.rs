//! Histograms of a photo's colours: hue by brightness, and greys by brightness.
//!
//! A pixel of value v = max(R, G, B) and chroma d = v − min(R, G, B) is coloured to the part √(s · d), s = d / v: hue
//! means little where a pixel is pale, and where it is dark. That part of it goes to the two nearest hues of the two
//! nearest brightnesses, the rest to the two nearest greys.

use super::spread::Spread;

/// Hues of the circle; the first is red.
const HUES: usize = 12;
/// Brightnesses of each hue.
const LEVELS: usize = 4;
/// Greys from black to white.
const GREYS: usize = 9;

/// Bins of a histogram: `[LEVELS × HUES]`, then the greys.
pub const BINS: usize = LEVELS * HUES + GREYS;

const HUE_SPREAD: Spread = Spread::new(0.029, 0.062);
const GREY_SPREAD: Spread = Spread::new(0.228, 0.184);

/// A pixel's part in a histogram: up to six bins, and how much each gets; together 1.
pub struct Colour {
    /// Indices of bins.
    pub bins: [usize; 6],
    /// Their weights.
    pub weights: [f32; 6],
}

impl Colour {
    /// The colour of a pixel.
    #[inline(always)]
    pub fn of(red: u8, green: u8, blue: u8) -> Self {
        let [red, green, blue] = [red, green, blue].map(|value| f32::from(value) / 255.0);
        let value = red.max(green).max(blue);
        let chroma = value - red.min(green).min(blue);
        let coloured = chroma / value.max(1.0 / 255.0).sqrt();
        let (hue, next_hue, hue_part) = nearest_hues(hue(red, green, blue, value, chroma));
        let (level, level_part) = between(value * LEVELS as f32 - 0.5, LEVELS);
        let (grey, grey_part) = between(value * (GREYS - 1) as f32, GREYS);
        let (dark, bright) = (coloured * (1.0 - level_part), coloured * level_part);
        let [lower, upper] = [level * HUES, (level + 1) * HUES];
        let greys = LEVELS * HUES + grey;
        Self {
            bins: [lower + hue, lower + next_hue, upper + hue, upper + next_hue, greys, greys + 1],
            weights: [
                dark * (1.0 - hue_part),
                dark * hue_part,
                bright * (1.0 - hue_part),
                bright * hue_part,
                (1.0 - coloured) * (1.0 - grey_part),
                (1.0 - coloured) * grey_part,
            ],
        }
    }
}

/// The hue, 0 to HUES: red is 0, green a third of the circle.
#[inline(always)]
fn hue(red: f32, green: f32, blue: f32, value: f32, chroma: f32) -> f32 {
    let scale = HUES as f32 / (6.0 * chroma.max(1.0 / 255.0));
    let third = HUES as f32 / 3.0;
    let (start, offset) = if value == red {
        (if green < blue { HUES as f32 } else { 0.0 }, green - blue)
    } else if value == green {
        (third, blue - red)
    } else {
        (2.0 * third, red - green)
    };
    start + offset * scale
}

#[inline(always)]
fn nearest_hues(hue: f32) -> (usize, usize, f32) {
    let whole = hue as usize;
    let first = if whole >= HUES { 0 } else { whole };
    let next = if first + 1 == HUES { 0 } else { first + 1 };
    (first, next, (hue - whole as f32).max(0.0))
}

/// The lower of the two steps that a position lies between, and the upper one's part; the outer steps reach to the ends.
#[inline(always)]
fn between(position: f32, steps: usize) -> (usize, f32) {
    let lower = (position.max(0.0) as usize).min(steps - 2);
    (lower, (position - lower as f32).clamp(0.0, 1.0))
}

/// Writes a histogram as features: the square root of each bin's part, so that they are of length 1 (Hellinger); then hues
/// and greys, centred and scaled.
pub fn normalise(histogram: &[f32], features: &mut [f32]) {
    let total: f32 = histogram.iter().sum();
    for (feature, value) in features.iter_mut().zip(histogram) {
        *feature = (value / total).sqrt();
    }
    let (hues, greys) = features.split_at_mut(LEVELS * HUES);
    HUE_SPREAD.standardise(hues);
    GREY_SPREAD.standardise(greys);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_counts_once() {
        for rgb in 0..1 << 15 {
            let [red, green, blue] = [rgb >> 10, rgb >> 5 & 31, rgb & 31].map(|five| (five * 255 / 31) as u8);
            let Colour { bins, weights } = Colour::of(red, green, blue);
            assert!(bins.iter().all(|bin| *bin < BINS));
            assert!(weights.iter().all(|weight| (0.0..=1.0).contains(weight)), "{red} {green} {blue}: {weights:?}");
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}
