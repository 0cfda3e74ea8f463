//! Panels: a matrix cut into strips of 16 rows (or columns) that lie side by side, the layout products read.
//!
//! | array | shape | of a matrix `[rows × columns]`, row-major |
//! | --- | --- | --- |
//! | panels of rows | `[⌈rows / 16⌉][depth][16]`, depth ≥ columns | `panels[r / 16][c][r % 16] = matrix[r][c]` |
//! | panels of columns | `[⌈columns / 16⌉][depth][16]`, depth ≥ rows | `panels[c / 16][r][c % 16] = matrix[r][c]` |
//!
//! What lies beyond the matrix is zero, and adds nothing to a product.

use core::array::from_fn;

use crate::simd;

/// Rows (or columns) of a panel.
pub const LANES: usize = 16;

/// `count` rounded up to whole panels.
pub fn padded(count: usize) -> usize {
    count.next_multiple_of(LANES)
}

/// Packs `[rows × columns]` into panels of rows.
///
/// # Panics
/// When `matrix` is not whole rows, or `panels` are too few or too shallow.
pub fn pack_rows(matrix: &[f32], columns: usize, depth: usize, panels: &mut [f32]) {
    assert!(columns <= depth && matrix.len().is_multiple_of(columns));
    let panels = &mut panels[..padded(matrix.len() / columns) * depth];
    for (panel, rows) in panels.chunks_exact_mut(depth * LANES).zip(matrix.chunks(columns * LANES)) {
        let whole = if rows.len() == columns * LANES { columns - columns % 4 } else { 0 };
        for column in (0..whole).step_by(4) {
            for lane in (0..LANES).step_by(4) {
                // SAFETY: the panel's 16 rows are there, and `column + 4 ≤ columns ≤ depth`.
                unsafe {
                    let rows = rows.as_ptr().add(lane * columns + column);
                    let square = from_fn(|i| simd::load(rows.add(i * columns)));
                    for (i, lanes) in simd::transpose_f32(square).into_iter().enumerate() {
                        simd::store(panel.as_mut_ptr().add((column + i) * LANES + lane), lanes);
                    }
                }
            }
        }
        panel[whole * LANES..].fill(0.0);
        for (lane, row) in rows.chunks_exact(columns).enumerate() {
            for column in whole..columns {
                panel[column * LANES + lane] = row[column];
            }
        }
    }
}

/// Unpacks panels of rows into `[rows × columns]`.
///
/// # Panics
/// As [`pack_rows`].
pub fn unpack_rows(panels: &[f32], columns: usize, depth: usize, matrix: &mut [f32]) {
    assert!(columns <= depth && matrix.len().is_multiple_of(columns));
    let panels = &panels[..padded(matrix.len() / columns) * depth];
    for (panel, rows) in panels.chunks_exact(depth * LANES).zip(matrix.chunks_mut(columns * LANES)) {
        for (lane, row) in rows.chunks_exact_mut(columns).enumerate() {
            for (value, lanes) in row.iter_mut().zip(panel.chunks_exact(LANES)) {
                *value = lanes[lane];
            }
        }
    }
}

/// Packs `[rows × columns]` into panels of columns.
///
/// # Panics
/// When `matrix` is not whole rows, or `panels` are too few or too shallow.
pub fn pack_columns(matrix: &[f32], columns: usize, depth: usize, panels: &mut [f32]) {
    let rows = matrix.len() / columns;
    assert!(rows <= depth && matrix.len().is_multiple_of(columns));
    let panels = &mut panels[..padded(columns) * depth];
    for (index, panel) in panels.chunks_exact_mut(depth * LANES).enumerate() {
        let columns_here = index * LANES..columns.min((index + 1) * LANES);
        for (lanes, row) in panel.chunks_exact_mut(LANES).zip(matrix.chunks_exact(columns)) {
            copy_lanes(&row[columns_here.clone()], lanes);
        }
        panel[rows * LANES..].fill(0.0);
    }
}

/// Unpacks panels of columns into `[rows × columns]`.
///
/// # Panics
/// As [`pack_columns`].
pub fn unpack_columns(panels: &[f32], columns: usize, depth: usize, matrix: &mut [f32]) {
    assert!(matrix.len() / columns <= depth && matrix.len().is_multiple_of(columns));
    let panels = &panels[..padded(columns) * depth];
    for (index, panel) in panels.chunks_exact(depth * LANES).enumerate() {
        let columns_here = index * LANES..columns.min((index + 1) * LANES);
        for (lanes, row) in panel.chunks_exact(LANES).zip(matrix.chunks_exact_mut(columns)) {
            copy_lanes(lanes, &mut row[columns_here.clone()]);
        }
    }
}

/// Copies what there is, at most a row of lanes; the rest of a target becomes 0.
#[inline(always)]
fn copy_lanes(from: &[f32], to: &mut [f32]) {
    // Of a length that the compiler knows, a copy is four instructions.
    if let (Some(from), Some(to)) = (from.first_chunk::<LANES>(), to.first_chunk_mut::<LANES>()) {
        *to = *from;
        return;
    }
    let mut from = from.iter();
    to.fill_with(|| from.next().copied().unwrap_or(0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_and_the_rest_is_zero() {
        for (rows, columns) in [(1, 1), (16, 16), (17, 33), (40, 7), (5, 20), (33, 48)] {
            let matrix: Vec<f32> = (1..=rows * columns).map(|i| i as f32).collect();
            let mut unpacked = vec![0.0; matrix.len()];
            let depth = padded(columns) + 16;
            let mut panels = vec![f32::NAN; padded(rows) * depth];
            pack_rows(&matrix, columns, depth, &mut panels);
            assert_eq!(panels.iter().sum::<f32>(), matrix.iter().sum());
            assert_eq!(panels[LANES.min(depth) * (columns - 1)], matrix[columns - 1]);
            unpack_rows(&panels, columns, depth, &mut unpacked);
            assert_eq!(unpacked, matrix);
            let depth = padded(rows);
            let mut panels = vec![f32::NAN; padded(columns) * depth];
            pack_columns(&matrix, columns, depth, &mut panels);
            assert_eq!(panels.iter().sum::<f32>(), matrix.iter().sum());
            unpacked.fill(0.0);
            unpack_columns(&panels, columns, depth, &mut unpacked);
            assert_eq!(unpacked, matrix);
        }
    }
}
