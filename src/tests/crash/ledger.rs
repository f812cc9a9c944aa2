//! What a client posted and what it was told: the ledger on the client's side. After a fault the rows of the database
//! are compared with it. The changes are the revisions of an answer, so the other member has not answered: the card is
//! final once it is open (R23).

use std::{collections::BTreeSet, time::Duration};

use reqwest::{Client, StatusCode};
use uuid::Uuid;

use super::{
    PATIENCE,
    node::{Data, Member, Node, post},
};

/// What a client knows of a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// 2xx: it is stored.
    Acknowledged,
    /// Another status: it is not stored.
    Refused(StatusCode),
    /// The connection broke: it may be stored or not.
    Unknown,
}

#[derive(Debug, Clone)]
pub struct Change {
    /// The idempotency key: posted again under it, the change is stored once.
    key: String,
    body: String,
    pub outcome: Outcome,
}

/// The changes of one member to the answer of one question, in the order in which they were posted.
pub struct Ledger {
    pub member: Member,
    question: String,
    version: String,
    pub changes: Vec<Change>,
    written: usize,
}

impl Ledger {
    pub async fn of(node: &Node, member: &Member) -> Self {
        let question = node.question(member).await;
        Self {
            member: member.clone(),
            question: question["id"].as_str().expect("an id").to_owned(),
            version: question["version"].to_string(),
            changes: Vec::new(),
            written: 0,
        }
    }

    /// Posts an answer that differs from all before.
    pub async fn post(&mut self, client: &Client, url: &str) -> Outcome {
        self.written += 1;
        let body = format!("{}의 이야기 {}", self.member.role, self.written);
        let change = Change { key: Uuid::now_v7().to_string(), body, outcome: Outcome::Unknown };
        self.send(client, url, change).await
    }

    /// Posts the changes again that were not acknowledged, under their keys and in their order.
    async fn post_again(&mut self, client: &Client, url: &str) {
        let open = |change: &Change| change.outcome != Outcome::Acknowledged;
        let (again, settled) = std::mem::take(&mut self.changes).into_iter().partition(open);
        self.changes = settled;
        let again: Vec<Change> = again;
        for change in again {
            self.send(client, url, change).await;
        }
    }

    /// Posts what was not acknowledged until all of it is, as a browser does.
    pub async fn post_until_acknowledged(&mut self, client: &Client, url: &str) {
        let posting = async {
            while self.changes.iter().any(|change| change.outcome != Outcome::Acknowledged) {
                self.post_again(client, url).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, posting).await.expect("what was refused is taken later");
    }

    /// Posts the last change again, under its key, until it is answered by more than "later".
    pub async fn repeat_last(&mut self, client: &Client, url: &str) -> Outcome {
        loop {
            let change = self.changes.pop().expect("a change");
            let outcome = self.send(client, url, change).await;
            if outcome != Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE) {
                return outcome;
            }
        }
    }

    async fn send(&mut self, client: &Client, url: &str, change: Change) -> Outcome {
        let fields = [
            ("daily_question", self.question.as_str()),
            ("version", &self.version),
            ("body", &change.body),
            ("key", &change.key),
        ];
        let outcome = match post(client, url, &self.member, "submit_answer", &fields).await {
            Ok((status, _)) if status.is_success() => Outcome::Acknowledged,
            Ok((status, _)) => Outcome::Refused(status),
            Err(_) => Outcome::Unknown,
        };
        self.changes.push(Change { outcome, ..change });
        outcome
    }

    /// Asserts that what was acknowledged is stored once, what was refused not at all, and what is unknown once at
    /// most, in the order of the ledger. Begins anew with an empty ledger, because the database keeps only the last
    /// revisions.
    pub async fn check(&mut self, data: &Data) {
        let changes = std::mem::take(&mut self.changes);
        let rows = |table| {
            format!(
                "SELECT revision, submission || ' ' || body AS stored FROM {table} WHERE daily_question_id = '{}' \
                 AND role = '{}'",
                self.question, self.member.role
            )
        };
        let [latest, earlier] = ["answers", "answer_revisions"].map(rows);
        let sql = format!("SELECT stored FROM ({latest} UNION ALL {earlier}) AS every ORDER BY revision");
        let stored = data.database.read_sql(&sql).await;
        let device = &self.member.device;
        let names: Vec<String> = changes.iter().map(|change| format!("{} {}", change.key, change.body)).collect();
        let stored: Vec<&String> = stored.iter().filter(|row| names.contains(row)).collect();
        let distinct: BTreeSet<_> = stored.iter().collect();
        assert_eq!(distinct.len(), stored.len(), "{device}: each change is stored once: {stored:?}");
        let in_order: Vec<&String> = names.iter().filter(|name| distinct.contains(name)).collect();
        assert_eq!(stored, in_order, "{device}: in the order in which they were posted");
        for (change, name) in changes.iter().zip(&names) {
            let is_stored = distinct.contains(&name);
            match change.outcome {
                Outcome::Acknowledged => assert!(is_stored, "{device}: acknowledged and gone: {name}"),
                Outcome::Refused(status) => assert!(!is_stored, "{device}: refused with {status} and stored: {name}"),
                Outcome::Unknown => {}
            }
        }
    }
}
