//! Lists: one page of rows and the cursor of the next page.
//!
//! **Invariant:** the cursor is the id of the last row that was shown, so a page never repeats or skips
//! a row, whatever is added meanwhile.

use hookyard_store::history::Listed;
use serde::Serialize;
use utoipa::ToSchema;

use crate::time::Rfc3339;

/// Rows on a page where the caller asks for no number.
pub(crate) const LIMIT_DEFAULT: usize = 50;
/// Most rows on a page.
pub(crate) const LIMIT_MAX: usize = 250;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows.
    pub(crate) data: Vec<T>,
    /// The cursor of the next page; none where this is the last.
    pub(crate) next: Option<String>,
}

/// One page of a list that may take several calls to find.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Searched<T> {
    /// The rows that were found; perhaps none.
    pub(crate) data: Vec<T>,
    /// Where to go on; none where nothing more is to be found.
    pub(crate) next: Option<String>,
    /// How far this call went; none where an index had the answer.
    pub(crate) progress: Option<ProgressView>,
}

/// How far a call went through history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchProgress)]
pub(crate) struct ProgressView {
    /// Requests that it went past, roughly.
    searched: u64,
    /// The time of the oldest of them.
    searched_to: Option<Rfc3339>,
    /// Whether it came to the end.
    complete: bool,
}

impl<T> Searched<T> {
    /// A page of what the store found, which was asked for [`Cursor::rows_wanted`] rows.
    pub(crate) fn of<Row, Id: ToString>(
        listed: Listed<Row, Id>,
        limit: usize,
        id: impl Fn(&Row) -> Id,
        show: impl Fn(Row) -> T,
    ) -> Self {
        let Listed { rows, resume, progress } = listed;
        let has_more = rows.len() > limit;
        let List { data, next } = List::of(rows, limit, id, show);
        let progress = progress.map(|progress| ProgressView {
            searched: progress.searched,
            searched_to: progress.searched_to.map(Rfc3339),
            complete: progress.is_complete,
        });
        let resume = resume.filter(|_| !has_more).map(|resume| resume.to_string());
        Self { data, next: next.or(resume), progress }
    }
}

/// Which page a caller asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor<Id> {
    /// The last id of the page before; none for the first page.
    pub(crate) past: Option<Id>,
    /// At most this many rows.
    pub(crate) limit: usize,
}

impl<Id> Cursor<Id> {
    /// How many rows to look up: one more than is shown tells whether there is a next page.
    pub(crate) const fn rows_wanted(&self) -> usize {
        self.limit + 1
    }
}

impl<T> List<T> {
    /// A page from up to [`Cursor::rows_wanted`] rows in order, each with its id.
    pub(crate) fn of<Row, Id: ToString>(
        mut rows: Vec<Row>,
        limit: usize,
        id: impl Fn(&Row) -> Id,
        show: impl Fn(Row) -> T,
    ) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| id(row).to_string());
        Self { data: rows.into_iter().map(show).collect(), next }
    }
}

/// The rows of a page of something that is held in memory without order: ascending by id.
pub(crate) fn ascending<Row, Id: Ord + Copy>(
    rows: impl Iterator<Item = Row>,
    cursor: &Cursor<Id>,
    id: impl Fn(&Row) -> Id,
) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.filter(|row| cursor.past.is_none_or(|past| id(row) > past)).collect();
    rows.sort_unstable_by_key(|row| id(row));
    rows.truncate(cursor.rows_wanted());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_show_every_row_once() {
        for (rows, limit) in [(0, 1), (1, 1), (5, 2), (6, 2), (6, 6), (6, 7)] {
            let all: Vec<u32> = (0..rows).rev().map(|row| row * 3).collect();
            let mut seen = Vec::new();
            let mut past = None;
            loop {
                let cursor = Cursor { past, limit };
                let found = ascending(all.iter().copied(), &cursor, |row| *row);
                let page = List::of(found, limit, |row| *row, |row| row);
                assert!(page.data.len() <= limit);
                seen.extend(page.data);
                let Some(next) = page.next else { break };
                past = Some(next.parse().unwrap());
            }
            assert_eq!(seen, (0..rows).map(|row| row * 3).collect::<Vec<_>>(), "{rows} by {limit}");
        }
    }
}
