//! Panels: a matrix cut into strips of 16 rows (or columns) that lie side by side, the layout products read.
//!
//! | array | shape | of a matrix `[rows × columns]`, row-major |
//! | --- | --- | --- |
//! | panels of rows | `[⌈rows / 16⌉][depth][16]`, depth ≥ columns | `panels[r / 16][c][r % 16] = matrix[r][c]` |
//! | panels of columns | `[⌈columns / 16⌉][depth][16]`, depth ≥ rows | `panels[c / 16][r][c % 16] = matrix[r][c]` |
//!
//! What lies beyond the matrix is zero, and adds nothing to a product.

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
    let rows = matrix.len() / columns;
    let panels = &mut panels[..padded(rows) * depth];
    for (panel, rows) in panels.chunks_exact_mut(depth * LANES).zip(matrix.chunks(columns * LANES)) {
        if columns < depth || rows.len() < columns * LANES {
            panel.fill(0.0);
        }
        for (lane, row) in rows.chunks_exact(columns).enumerate() {
            for (at, value) in panel[lane..].iter_mut().step_by(LANES).zip(row) {
                *at = *value;
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
            for (at, value) in panel[lane..].iter().step_by(LANES).zip(row) {
                *value = *at;
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
        let first = index * LANES;
        let lanes = LANES.min(columns - first);
        if lanes < LANES {
            panel.fill(0.0);
        }
        for (at, row) in panel.chunks_exact_mut(LANES).zip(matrix.chunks_exact(columns)) {
            at[..lanes].copy_from_slice(&row[first..first + lanes]);
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
        let first = index * LANES;
        let lanes = LANES.min(columns - first);
        for (at, row) in panel.chunks_exact(LANES).zip(matrix.chunks_exact_mut(columns)) {
            row[first..first + lanes].copy_from_slice(&at[..lanes]);
        }
    }
}
