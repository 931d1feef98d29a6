//! Plain tables of at most 100 columns, so that they survive a narrow terminal and a mail.

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

const MAX_WIDTH: u16 = 100;
/// One column of padding, and the one that the line below the headings crosses.
const GAP: u16 = 2;

const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

/// Writes a table. The headings of columns that hold numbers end in `#`, which is not shown: they align to the right.
pub(super) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_header(headings.iter().map(|heading| heading.trim_end_matches('#')).collect::<Vec<_>>());
    table.add_rows(rows);
    let gaps = GAP * (headings.len().saturating_sub(1) as u16);
    if table.column_max_content_widths().iter().sum::<u16>() + gaps > MAX_WIDTH {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(MAX_WIDTH);
    }
    for (index, heading) in headings.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, if index + 1 < headings.len() { GAP - 1 } else { 0 }));
            if heading.ends_with('#') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    table.trim_fmt()
}

/// Writes a moment as people read it, in UTC.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Writes a count with its noun: `1 row`, `2 rows`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_narrow_and_its_numbers_line_up() {
        let rows = [
            vec!["CUSTOMER".to_owned(), "7".to_owned(), "x".repeat(150)],
            vec!["ITEM-PRODUCT".to_owned(), "1200".to_owned(), "Gâteau".to_owned()],
        ];
        let text = table(&["mapping", "rows#", "note"], rows);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(text.contains("CUSTOMER         7"), "{text}");
    }
}
