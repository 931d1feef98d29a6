//! Reads the text of a `$filter`.

use uuid::Uuid;

use super::filter::{Expression, FilterError, Function, Operand, Operator};
use super::lexer::{Token, tokens};
use super::moment;

/// Parses a filter.
pub(crate) fn parse(filter: &str) -> Result<Expression, FilterError> {
    let tokens = tokens(filter).ok_or(FilterError::Syntax)?;
    let mut parser = Parser { tokens: &tokens };
    let expression = parser.disjunction()?;
    if parser.tokens.is_empty() { Ok(expression) } else { Err(FilterError::Syntax) }
}

struct Parser<'a> {
    tokens: &'a [Token],
}

impl Parser<'_> {
    fn next(&mut self) -> Result<Token, FilterError> {
        let (first, rest) = self.tokens.split_first().ok_or(FilterError::Syntax)?;
        self.tokens = rest;
        Ok(first.clone())
    }

    fn expect(&mut self, token: &Token) -> Result<(), FilterError> {
        if self.next()? == *token { Ok(()) } else { Err(FilterError::Syntax) }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Word(next)) if next == word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn disjunction(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.conjunction()?;
        while self.take_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expression, FilterError> {
        let mut left = self.negation()?;
        while self.take_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, FilterError> {
        if self.take_word("not") {
            return Ok(Expression::Not(Box::new(self.negation()?)));
        }
        if self.tokens.first() == Some(&Token::Open) {
            self.next()?;
            let inner = self.disjunction()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Expression, FilterError> {
        if let [Token::Word(name), Token::Open, ..] = self.tokens {
            let function = match name.as_str() {
                "contains" => Some(Function::Contains),
                "startswith" => Some(Function::StartsWith),
                "endswith" => Some(Function::EndsWith),
                "Microsoft.Dynamics.CRM.In" => return self.one_of(),
                name if name.ends_with("/any") || name.ends_with("/all") => {
                    return Err(FilterError::Lambda);
                }
                _ => None,
            };
            if let Some(function) = function {
                return self.search(function);
            }
        }
        let left = self.operand()?;
        let operator = match self.tokens.first() {
            Some(Token::Word(word)) => match word.as_str() {
                "eq" => Operator::Equal,
                "ne" => Operator::NotEqual,
                "gt" => Operator::Greater,
                "ge" => Operator::GreaterOrEqual,
                "lt" => Operator::Less,
                "le" => Operator::LessOrEqual,
                "in" => return Err(FilterError::In),
                "and" | "or" => return Ok(Expression::Holds(left)),
                _ => return Err(FilterError::Syntax),
            },
            _ => return Ok(Expression::Holds(left)),
        };
        self.next()?;
        Ok(Expression::Compare { left, operator, right: self.operand()? })
    }

    fn search(&mut self, function: Function) -> Result<Expression, FilterError> {
        self.next()?;
        self.expect(&Token::Open)?;
        let subject = self.operand()?;
        self.expect(&Token::Comma)?;
        let text = self.operand()?;
        self.expect(&Token::Close)?;
        Ok(Expression::Search { function, subject, text })
    }

    /// `Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=["a","b"])`.
    fn one_of(&mut self) -> Result<Expression, FilterError> {
        self.next()?;
        self.expect(&Token::Open)?;
        self.expect(&Token::Word("PropertyName=".to_owned()))?;
        let Token::Text(property) = self.next()? else {
            return Err(FilterError::Syntax);
        };
        self.expect(&Token::Comma)?;
        self.expect(&Token::Word("PropertyValues=".to_owned()))?;
        self.expect(&Token::OpenList)?;
        let mut values = Vec::new();
        loop {
            match self.next()? {
                Token::CloseList => break,
                Token::Comma => {}
                Token::Text(text) => values.push(Operand::Text(text)),
                Token::Word(word) => values.push(literal_or_property(&word)),
                Token::Open | Token::Close | Token::OpenList => return Err(FilterError::Syntax),
            }
        }
        self.expect(&Token::Close)?;
        Ok(Expression::OneOf { property: Operand::Property(property), values })
    }

    fn operand(&mut self) -> Result<Operand, FilterError> {
        match self.next()? {
            Token::Text(text) => Ok(Operand::Text(text)),
            // Case never counts here, so these two change nothing.
            Token::Word(word) if matches!(word.as_str(), "tolower" | "toupper") => {
                self.expect(&Token::Open)?;
                let inner = self.operand()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            // A qualified enum literal: Namespace.Type'Member'.
            Token::Word(word)
                if word.contains('.') && matches!(self.tokens.first(), Some(Token::Text(_))) =>
            {
                self.operand()
            }
            Token::Word(word) => Ok(literal_or_property(&word)),
            Token::Open | Token::Close | Token::Comma | Token::OpenList | Token::CloseList => {
                Err(FilterError::Syntax)
            }
        }
    }
}

fn literal_or_property(word: &str) -> Operand {
    match word {
        "null" => return Operand::Null,
        "true" => return Operand::Boolean(true),
        "false" => return Operand::Boolean(false),
        _ => {}
    }
    if let Some(guid) = Some(word).filter(|word| word.len() == 36).and_then(|word| Uuid::parse_str(word).ok())
    {
        return Operand::Guid(guid);
    }
    if !word.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return Operand::Property(word.to_owned());
    }
    let number = word.parse().map(Operand::Number).ok();
    let moment = moment::parse(word).map(Operand::Moment);
    number.or(moment).unwrap_or_else(|| Operand::Property(word.to_owned()))
}
