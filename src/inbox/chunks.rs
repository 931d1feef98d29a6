//! Splits the file into its heading, its blocks and its end, so that one broken block never spoils another.

/// Begins every line Tandem writes for people to read; such lines are written afresh each time.
pub(super) const OURS: &str = "#|";
/// Begins every line that says what is wrong with what follows.
pub(super) const WRONG: &str = "#!";
/// How the line that opens the end of the file begins.
const TAIL_START: &str = "#| Kept:";
/// The line that opens the end of the file.
pub(super) const TAIL: &str =
    "#| Kept: your notes and texts that belong to no open conflict. Delete what you no longer need.";

/// The file in pieces.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// Lines before the first block, with their numbers.
    pub(super) head: Vec<(usize, String)>,
    pub(super) blocks: Vec<BlockText>,
    pub(super) tail: Vec<(usize, String)>,
}

/// One `[[conflict]]` block as it is written.
#[derive(Debug)]
pub(super) struct BlockText {
    pub(super) first_line: usize,
    /// From the heading to the last line that is not empty.
    pub(super) text: String,
    /// The person's comments directly above the heading.
    pub(super) above: Vec<String>,
    /// Whether nothing follows, so that the block may have been cut off.
    pub(super) is_last: bool,
    /// Whether its last line has its line end.
    pub(super) ends_its_line: bool,
}

enum Place {
    Head,
    Block,
    Tail,
}

/// Splits the text; line ends of any kind and a byte order mark are tolerated.
pub(super) fn split(text: &str) -> Chunks {
    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n").replace('\r', "\n");
    let mut chunks = Chunks::default();
    let mut place = Place::Head;
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if is_block_heading(line) {
            let above = comments_above(&mut lines);
            chunks.close(&place, std::mem::take(&mut lines));
            chunks.blocks.push(BlockText {
                first_line: index + 1,
                text: String::new(),
                above,
                is_last: false,
                ends_its_line: true,
            });
            place = Place::Block;
        } else if line.trim_start().starts_with(TAIL_START) {
            chunks.close(&place, std::mem::take(&mut lines));
            place = Place::Tail;
            continue;
        }
        lines.push((index + 1, line.to_owned()));
    }
    let ends_in_block = matches!(place, Place::Block);
    chunks.close(&place, lines);
    if ends_in_block && let Some(block) = chunks.blocks.last_mut() {
        block.is_last = true;
        block.ends_its_line = text.ends_with('\n');
    }
    chunks
}

impl Chunks {
    fn close(&mut self, place: &Place, lines: Vec<(usize, String)>) {
        match (place, self.blocks.last_mut()) {
            (Place::Head, _) => self.head.extend(lines),
            (Place::Block, Some(block)) => {
                let lines: Vec<_> = lines.into_iter().map(|(_, line)| line).collect();
                block.text = lines.join("\n").trim_end().to_owned() + "\n";
            }
            (Place::Tail, _) | (Place::Block, None) => self.tail.extend(lines),
        }
    }
}

fn is_block_heading(line: &str) -> bool {
    let heading = line.split('#').next().unwrap_or_default();
    let heading: String = heading.chars().filter(|c| !c.is_whitespace()).collect();
    heading.eq_ignore_ascii_case("[[conflict]]")
}

/// Takes the comments directly above a heading from the lines before it.
fn comments_above(lines: &mut Vec<(usize, String)>) -> Vec<String> {
    let is_comment = |(_, line): &(usize, String)| line.trim_start().starts_with('#');
    let start = lines.iter().rposition(|line| !is_comment(line)).map_or(0, |at| at + 1);
    let above = lines.split_off(start);
    above.iter().filter_map(|(_, line)| own_comment(line)).collect()
}

/// Returns a comment of the person's own.
pub(super) fn own_comment(line: &str) -> Option<String> {
    let line = line.trim();
    let is_ours = [OURS, WRONG].iter().any(|mark| {
        line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    });
    (line.starts_with('#') && !is_ours).then(|| line.to_owned())
}

/// Returns the person's own comments among the lines of a text.
pub(super) fn own_comments(text: &str) -> Vec<String> {
    text.lines().filter_map(own_comment).collect()
}

/// Turns text into comments; Tandem's own lines in it are left out.
pub(super) fn commented(text: &str) -> String {
    let is_ours = |line: &&str| line.trim_start().starts_with('#') && own_comment(line).is_none();
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !is_ours(line));
    let lines = lines.map(|line| own_comment(line).unwrap_or_else(|| format!("# {}", line.trim_end())));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_and_comments_their_block() {
        let text = "a\n# of nobody\n\n# above\n# the first\n[[conflict]]\nid = 1\n\n# above the second\n[[conflict]]\nid = 2\n\n\
                    #| Kept: what follows\nz\n";
        let chunks = split(text);
        let head: Vec<_> = chunks.head.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(head, [(1, "a"), (2, "# of nobody"), (3, "")]);
        let blocks: Vec<_> = chunks
            .blocks
            .iter()
            .map(|block| (block.first_line, block.text.as_str(), block.above.join("|")))
            .collect();
        assert_eq!(
            blocks,
            [
                (6, "[[conflict]]\nid = 1\n", "# above|# the first".to_owned()),
                (10, "[[conflict]]\nid = 2\n", "# above the second".to_owned()),
            ]
        );
        let tail: Vec<_> = chunks.tail.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(tail, [(14, "z"), (15, "")]);
    }

    #[test]
    fn only_the_last_block_may_have_been_cut_off() {
        let ends = |text: &str| -> Vec<_> {
            split(text).blocks.iter().map(|block| (block.is_last, block.ends_its_line)).collect()
        };
        assert_eq!(ends("[[conflict]]\n[[ Conflict ]] # x\nid"), [(false, true), (true, false)]);
        assert_eq!(ends("[[conflict]]\nid\n"), [(true, true)]);
        assert_eq!(ends("[[conflict]]\nid\n #| Kept:"), [(false, true)]);
        assert_eq!(ends("[conflict]\n"), []);
    }

    #[test]
    fn a_comment_is_the_persons_own_unless_it_bears_a_mark() {
        for own in ["# x", "#x", "#|x", "#!x", "##| x"] {
            assert_eq!(own_comment(&format!("  {own} ")).as_deref(), Some(own));
        }
        for other in ["#|", "#| x", "#!", "#! x", "x # y", ""] {
            assert_eq!(own_comment(other), None, "{other}");
        }
    }

    #[test]
    fn text_becomes_comments_without_blank_lines_and_tandems_own() {
        let text = "a = 1  \n\n  # mine\n#| ours\n  #! ours\n \n  b";
        assert_eq!(commented(text), "# a = 1\n# mine\n#   b");
    }
}
