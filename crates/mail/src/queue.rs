//! Letters that wait: in memory, bounded, carried one after the other off the way of requests.

use std::time::Duration;

use mantlet_event::{Event, Events, Metrics, catalogue, field, task};
use mantlet_types::{Letter, Post, Secret};
use tokio::sync::mpsc;

use crate::MailSection;
use crate::carrier::{Carrier, Refused};

/// How many letters may wait.
const WAITING: usize = 1000;

/// How long is waited after each try that failed, before the next one.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
];

/// Letters that wait for their turn. What waits when the process ends is lost: whoever waits for a link asks for
/// another.
#[derive(Debug)]
pub struct MailQueue {
    waiting: mpsc::Sender<Letter>,
    metrics: Metrics,
}

impl MailQueue {
    /// Begins to carry letters by these settings; `None` where no server is named. To be called
    /// inside a runtime.
    ///
    /// # Errors
    /// What is wrong with the settings, for the operator.
    pub fn start(
        section: &MailSection,
        password: Option<&Secret<String>>,
        (events, metrics): (&Events, &Metrics),
    ) -> Result<Option<Self>, String> {
        let Some(carrier) = Carrier::new(section, password)? else { return Ok(None) };
        let (waiting, letters) = mpsc::channel(WAITING);
        task::spawn(events, "mail", carry(carrier, letters, events.clone()));
        Ok(Some(Self { waiting, metrics: metrics.clone() }))
    }
}

impl Post for MailQueue {
    fn send(&self, letter: Letter) -> bool {
        let is_taken = self.waiting.try_send(letter).is_ok();
        if !is_taken {
            self.metrics.limit_reached("mail.queue");
        }
        is_taken
    }
}

async fn carry(carrier: Carrier, mut letters: mpsc::Receiver<Letter>, events: Events) {
    while let Some(letter) = letters.recv().await {
        match bring(&carrier, &letter).await {
            Ok(()) => events.emit(told(&catalogue::MAIL_LETTER_SENT, &letter)),
            Err(why) => {
                let event = told(&catalogue::MAIL_LETTER_FAILED, &letter);
                events.emit(event.text(field::ERROR, why));
            }
        }
    }
}

/// Tries until the server takes the letter, or says that it never will, or the last try failed.
async fn bring(carrier: &Carrier, letter: &Letter) -> Result<(), String> {
    let mut pauses = PAUSES.iter();
    loop {
        let Err(Refused { why, is_final }) = carrier.carry(letter).await else { return Ok(()) };
        match pauses.next().filter(|_| !is_final) {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => return Err(why),
        }
    }
}

/// The domain alone of whom it goes to: the rest is nobody's business.
fn told(entry: &'static mantlet_event::Entry, letter: &Letter) -> Event {
    let domain = letter.to.rsplit_once('@').map_or("", |(_, domain)| domain);
    Event::new(entry).text(field::HOST, domain.to_owned()).text(field::NAME, letter.subject.clone())
}
