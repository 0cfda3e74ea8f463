//! Cells of gradients to features, the variant of Felzenszwalb, Girshick, McAllester and Ramanan (2010).
//!
//! A cell's 18 signed orientations are divided by the energies of the four blocks of 2 × 2 cells that it belongs to,
//! clipped, and summed over the blocks: 18 signed and 9 unsigned orientations, and 4 sums over all orientations, one
//! for each block, that tell texture. Blocks that would reach over the photo's edge repeat its outer cells. Each of the
//! three kinds is centred and scaled.

use super::gradients::TURN;
use super::spread::Spread;

const UNSIGNED: usize = TURN / 2;
const BLOCKS: usize = 4;

/// Features of a cell.
pub const CHANNELS: usize = TURN + UNSIGNED + BLOCKS;

/// What an orientation counts for at most, so that one strong edge does not outweigh all else.
const CLIP: f32 = 0.2;
/// What a block's energy is not divided below, in magnitudes per pixel: the grain of a blank sky is no texture.
const FLOOR: f32 = 0.5;
/// 1 / √18: what makes the texture sums as large as the others.
const TEXTURE: f32 = 0.235_702_26;

const SIGNED_SPREAD: Spread = Spread::new(0.132, 0.093);
const UNSIGNED_SPREAD: Spread = Spread::new(0.243, 0.115);
const TEXTURE_SPREAD: Spread = Spread::new(0.280, 0.082);

/// Writes features `[cells × cells × CHANNELS]` of histograms `[cells × cells × TURN]` over cells of `area` pixels.
pub fn normalise(histograms: &[f32], cells: usize, area: f32, features: &mut [f32]) {
    let energies: Vec<f32> = histograms.chunks_exact(TURN).map(energy).collect();
    let energy = |row: usize, column: usize| energies[row.min(cells - 1) * cells + column.min(cells - 1)];
    for (index, features) in features.chunks_exact_mut(CHANNELS).enumerate() {
        let (row, column) = (index / cells, index % cells);
        let factors = [(0, 0), (0, 2), (2, 0), (2, 2)].map(|(down, right)| {
            let (y, x) = ((row + down).saturating_sub(1), (column + right).saturating_sub(1));
            let block = energy(row, column) + energy(y, column) + energy(row, x) + energy(y, x);
            1.0 / (block.sqrt() + FLOOR * area)
        });
        write_cell(&histograms[index * TURN..][..TURN], factors, features);
    }
}

/// The sum of squares of a cell's unsigned orientations.
fn energy(histogram: &[f32]) -> f32 {
    let (forth, back) = histogram.split_at(UNSIGNED);
    forth.iter().zip(back).map(|(forth, back)| (forth + back) * (forth + back)).sum()
}

fn write_cell(histogram: &[f32], factors: [f32; BLOCKS], features: &mut [f32]) {
    let (signed, rest) = features.split_at_mut(TURN);
    let (unsigned, texture) = rest.split_at_mut(UNSIGNED);
    let (forth, back) = histogram.split_at(UNSIGNED);
    texture.fill(0.0);
    unsigned.fill(0.0);
    signed.fill(0.0);
    for (factor, texture) in factors.into_iter().zip(texture.iter_mut()) {
        let clipped = |value: f32| (value * factor).min(CLIP);
        for (feature, value) in signed.iter_mut().zip(histogram) {
            let value = clipped(*value);
            *feature += 0.5 * value;
            *texture += TEXTURE * value;
        }
        for (feature, (forth, back)) in unsigned.iter_mut().zip(forth.iter().zip(back)) {
            *feature += 0.5 * clipped(forth + back);
        }
    }
    SIGNED_SPREAD.standardise(signed);
    UNSIGNED_SPREAD.standardise(unsigned);
    TEXTURE_SPREAD.standardise(texture);
}
