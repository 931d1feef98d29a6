//! Handling the inbox file like a person with an editor: finding a block, writing an answer.

/// Returns the block of a conflict, without the empty lines after it.
pub(super) fn block_of<'a>(inbox: &'a str, conflict: &str) -> Option<&'a str> {
    let (start, end) = range_of(inbox, conflict)?;
    Some(inbox[start..end].trim_end())
}

/// Returns the inbox with an answer written into the first `answer = ""` of a conflict's block.
pub(super) fn with_answer(inbox: &str, conflict: &str, word: &str) -> Option<String> {
    const UNANSWERED: &str = "answer = \"\"";
    let (start, end) = range_of(inbox, conflict)?;
    let at = start + inbox[start..end].find(UNANSWERED)?;
    Some(format!("{}answer = \"{word}\"{}", &inbox[..at], &inbox[at + UNANSWERED.len()..]))
}

fn range_of(inbox: &str, conflict: &str) -> Option<(usize, usize)> {
    const HEADING: &str = "[[conflict]]\n";
    let id = format!("id = \"{conflict}\"\n");
    let mut starts: Vec<_> = inbox.match_indices(HEADING).map(|(at, _)| at).collect();
    starts.push(inbox.len());
    let ranges = starts.windows(2).map(|pair| (pair[0], pair[1]));
    ranges.into_iter().find(|(start, end)| inbox[*start..*end].contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INBOX: &str = "#| Two wait.\n\n[[conflict]]\nid = \"C1\"\nanswer = \"\"\n\n[[conflict]]\nid = \"C12\"\n\
                         answer = \"\"\n\n[[conflict.field]]\nname = \"phone\"\nanswer = \"\"\n";

    #[test]
    fn a_block_ends_where_the_next_begins() {
        assert_eq!(block_of(INBOX, "C1"), Some("[[conflict]]\nid = \"C1\"\nanswer = \"\""));
        assert!(block_of(INBOX, "C12").unwrap().contains("name = \"phone\""));
        assert_eq!(block_of(INBOX, "C2"), None);
    }

    #[test]
    fn an_answer_goes_into_the_first_place_of_its_block() {
        let answered = with_answer(INBOX, "C12", "dataverse").unwrap();
        let expected =
            INBOX.replacen("id = \"C12\"\nanswer = \"\"", "id = \"C12\"\nanswer = \"dataverse\"", 1);
        assert_eq!(answered, expected);
    }
}
