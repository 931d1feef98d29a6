//! The words of answers: what a person may write, in the file and on the command line, and what it means.

use std::collections::BTreeMap;

use super::face::{FaceKind, Faces, Names, face_of, field_named, fields_of, folded, name_in, unquoted};
use super::notes::{Problem, Raw, RawField};
use super::value;
use crate::model::{Answer, Choice, Conflict, ConflictKind, FieldConflict, FieldId, Side, Value};

/// Reads an answer from words: `dataverse`, or `phone=dataverse email=x@y.z`.
///
/// A field's word is a side, `blank`, `later` or else a value; a value in quotes of its own is always a value.
///
/// # Errors
///
/// Returns what was not understood, and what to write instead.
pub fn answer_from_words(
    words: &[String],
    conflict: &Conflict,
    faces: &Faces,
    names: &Names,
) -> Result<Answer, Problem> {
    let mut raw = Raw::default();
    for word in words {
        match word.split_once('=') {
            None => raw.whole = format!("{} {word}", raw.whole).trim_start().to_owned(),
            Some((name, text)) => {
                let field = field_named(conflict, faces, name.trim())
                    .ok_or_else(|| problem(conflict, name, unknown_field(conflict, faces)))?;
                raw.fields.insert(field.field.clone(), field_from_word(text, names));
            }
        }
    }
    let understood = understand(&raw, conflict, faces, names);
    if let Some(fault) = understood.faults.into_iter().next() {
        return Err(problem(conflict, &fault.text, fault.explanation));
    }
    let nothing = || problem(conflict, "", format!("write {}", whole_words(conflict, names)));
    understood.answer.ok_or_else(nothing)
}

fn field_from_word(text: &str, names: &Names) -> RawField {
    let is_word =
        names.side(text).is_some() || matches!(folded(text).as_str(), "" | "later" | "blank" | "uncouple");
    if unquoted(text) != text.trim() {
        RawField { answer: String::new(), value: unquoted(text).to_owned() }
    } else if is_word {
        let answer = if text.trim().is_empty() { "value".to_owned() } else { text.to_owned() };
        RawField { answer, value: String::new() }
    } else {
        RawField { answer: String::new(), value: text.to_owned() }
    }
}

fn problem(conflict: &Conflict, text: &str, explanation: String) -> Problem {
    Problem { conflict: Some(conflict.id), line: 0, text: text.to_owned(), explanation }
}

fn unknown_field(conflict: &Conflict, faces: &Faces) -> String {
    let names: Vec<_> = fields_of(conflict).iter().map(|field| name_in(conflict, faces, field)).collect();
    if names.is_empty() {
        return "this conflict is about the whole row and has no fields to answer for".to_owned();
    }
    format!("no field of this name is in conflict: write {}", listed(&names, "or"))
}

/// Says an answer in the words that would give it.
#[must_use]
pub fn describe(answer: &Answer, conflict: &Conflict, faces: &Faces, names: &Names) -> String {
    let shown = names.shown();
    match answer {
        Answer::Take(side) => shown[*side].to_owned(),
        Answer::Later => "later".to_owned(),
        Answer::Uncouple => "uncouple".to_owned(),
        Answer::Delete => "delete".to_owned(),
        Answer::Restore => "restore".to_owned(),
        Answer::PerField(choices) => {
            let choices: Vec<_> = choices
                .iter()
                .map(|(id, choice)| describe_choice(id, choice, conflict, faces, names))
                .collect();
            choices.join(", ")
        }
    }
}

fn describe_choice(
    id: &FieldId,
    choice: &Choice,
    conflict: &Conflict,
    faces: &Faces,
    names: &Names,
) -> String {
    let field = fields_of(conflict).iter().find(|field| field.field == *id);
    let face = faces.get(&conflict.mapping).and_then(|faces| faces.get(id));
    let name = match (field, face) {
        (Some(field), _) => name_in(conflict, faces, field),
        (None, Some(face)) => face.label.clone(),
        (None, None) => id.to_string(),
    };
    let kind = face.map_or(FaceKind::Text, |face| face.kind.clone());
    match choice {
        Choice::Side(side) => format!("{name} = {}", names.shown()[*side]),
        Choice::Value(Value::Blank) => format!("{name} = blank"),
        Choice::Value(value) => format!("{name} = \"{}\"", value::shown(value, &kind)),
    }
}

/// Writes an accepted answer as the words that give it, where there are such words.
pub(super) fn raw_of(answer: &Answer, conflict: &Conflict, faces: &Faces, names: &Names) -> Option<Raw> {
    let mut raw = Raw::default();
    if let Answer::PerField(choices) = answer {
        for field in fields_of(conflict) {
            if let Some(choice) = choices.get(&field.field) {
                let kind = face_of(faces, &conflict.mapping, field).kind;
                raw.fields.insert(field.field.clone(), raw_choice(choice, &kind, names));
            }
        }
    } else {
        raw.whole = describe(answer, conflict, faces, names);
    }
    (understand(&raw, conflict, faces, names).answer.as_ref() == Some(answer)).then_some(raw)
}

fn raw_choice(choice: &Choice, kind: &FaceKind, names: &Names) -> RawField {
    let answer = |word: &str| RawField { answer: word.to_owned(), value: String::new() };
    match choice {
        Choice::Side(side) => answer(names.shown()[*side]),
        Choice::Value(Value::Blank) => answer("blank"),
        Choice::Value(value) => {
            let shown = value::shown(value, kind);
            let reads_back = value::read(&shown, kind).as_ref() == Ok(value);
            let text = match value {
                Value::Reference(row) if !reads_back => row.to_string(),
                _ => shown,
            };
            RawField { answer: String::new(), value: text }
        }
    }
}

/// What the words of one block mean.
#[derive(Debug, Default)]
pub(super) struct Understood {
    /// Absent where nothing was written and where anything was not understood.
    pub(super) answer: Option<Answer>,
    pub(super) faults: Vec<Fault>,
}

/// Words that mean nothing here.
#[derive(Debug)]
pub(super) struct Fault {
    /// The field the words stand for; absent for the answer to the whole conflict.
    pub(super) field: Option<FieldId>,
    pub(super) text: String,
    pub(super) explanation: String,
}

/// A field's words once understood.
enum FieldWord {
    Silent,
    Later,
    Choice(Choice),
}

/// Understands the words of one block. One wrong word holds the whole block back, since a half-applied answer would
/// re-issue the conflict under the person's hands.
pub(super) fn understand(raw: &Raw, conflict: &Conflict, faces: &Faces, names: &Names) -> Understood {
    let mut faults = Vec::new();
    let whole = whole_answer(&raw.whole, conflict, names).unwrap_or_else(|explanation| {
        faults.push(Fault { field: None, text: raw.whole.clone(), explanation });
        None
    });
    let mut choices = BTreeMap::new();
    let mut put_off = 0;
    let silent = RawField::default();
    for field in fields_of(conflict) {
        let raw = raw.fields.get(&field.field).unwrap_or(&silent);
        match field_word(raw, &face_of(faces, &conflict.mapping, field).kind, names) {
            Ok(FieldWord::Silent) => {
                if let Some(Answer::Take(side)) = &whole {
                    choices.insert(field.field.clone(), Choice::Side(*side));
                }
            }
            Ok(FieldWord::Later) => put_off += 1,
            Ok(FieldWord::Choice(choice)) => {
                choices.insert(field.field.clone(), choice);
            }
            Err((text, explanation)) => {
                faults.push(Fault { field: Some(field.field.clone()), text, explanation });
            }
        }
    }
    let spoken = raw.fields.values().any(|field| !field.is_blank());
    if spoken && let Some(Answer::Uncouple | Answer::Later) = whole {
        let explanation = "this answer is for the whole conflict, but a field below is answered too: \
                           clear one of the two";
        faults.push(Fault { field: None, text: raw.whole.clone(), explanation: explanation.to_owned() });
    }
    if !faults.is_empty() {
        return Understood { answer: None, faults };
    }
    let answer = match whole {
        Some(answer) if !spoken => Some(answer),
        _ if !choices.is_empty() => Some(Answer::PerField(choices)),
        _ if put_off > 0 && put_off == fields_of(conflict).len() => Some(Answer::Later),
        _ => None,
    };
    Understood { answer, faults }
}

fn whole_answer(text: &str, conflict: &Conflict, names: &Names) -> Result<Option<Answer>, String> {
    let is_deletion = matches!(conflict.kind, ConflictKind::Deleted { .. });
    match (folded(text).as_str(), is_deletion) {
        ("", _) => Ok(None),
        ("later", _) => Ok(Some(Answer::Later)),
        ("uncouple", _) => Ok(Some(Answer::Uncouple)),
        ("restore", true) => Ok(Some(Answer::Restore)),
        ("delete", true) => Ok(Some(Answer::Delete)),
        (_, true) => Err(not_understood(text, &whole_words(conflict, names))),
        (_, false) => match names.side(text) {
            Some(side) => Ok(Some(Answer::Take(side))),
            None => Err(not_understood(text, &whole_words(conflict, names))),
        },
    }
}

fn field_word(raw: &RawField, kind: &FaceKind, names: &Names) -> Result<FieldWord, (String, String)> {
    if !raw.value.trim().is_empty() {
        return value::read(&raw.value, kind)
            .map(|value| FieldWord::Choice(Choice::Value(value)))
            .map_err(|how| (raw.value.clone(), format!("\"{}\" does not fit: {how}", short(&raw.value))));
    }
    if let Some(side) = names.side(&raw.answer) {
        return Ok(FieldWord::Choice(Choice::Side(side)));
    }
    match folded(&raw.answer).as_str() {
        "" => Ok(FieldWord::Silent),
        "later" => Ok(FieldWord::Later),
        "blank" => Ok(FieldWord::Choice(Choice::Value(Value::Blank))),
        "value" => {
            let how = "the value itself is missing: write it after value =, or write blank as the answer";
            Err((raw.answer.clone(), how.to_owned()))
        }
        "uncouple" => {
            let how = "uncouple is an answer for the whole conflict: write it into its first answer";
            Err((raw.answer.clone(), how.to_owned()))
        }
        _ => {
            let shown = names.shown();
            let words = format!(
                "{}, {}, later or blank; a value of your own goes after value =",
                shown[Side::Left],
                shown[Side::Right]
            );
            Err((raw.answer.clone(), not_understood(&raw.answer, &words)))
        }
    }
}

fn not_understood(text: &str, words: &str) -> String {
    format!("I did not understand \"{}\": write {words}", short(text))
}

/// Lists the answers that a whole conflict takes.
pub(super) fn whole_words(conflict: &Conflict, names: &Names) -> String {
    let shown = names.shown();
    let words = match conflict.kind {
        ConflictKind::Deleted { .. } => ["restore", "delete", "later", "uncouple"],
        ConflictKind::Fields(_) => [shown[Side::Left], shown[Side::Right], "later", "uncouple"],
    };
    listed(&words.map(str::to_owned), "or")
}

fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [word] => word.clone(),
        [words @ .., word] => format!("{} {last} {word}", words.join(", ")),
    }
}

/// Shortens what is quoted back to the person.
pub(super) fn short(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let text = text.trim();
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Returns whether the rows differed already when they were coupled.
pub(super) fn is_first_contact(fields: &[FieldConflict]) -> bool {
    fields.iter().all(|field| field.base.is_none())
}

#[cfg(test)]
mod tests;
