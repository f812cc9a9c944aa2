//! The texts of notifications, in the inbox and on the lock screen, in two registers: to a parent and to a child.
//! `{other}` is the other member, `{others}` are all members whose question is open, `{topic}` is the question's topic,
//! `{text}` the text of an announcement.

use crate::domain::{Locale, NotificationKind, Role};

/// One sentence in two registers: as a parent gets it and as a child gets it.
pub struct Said {
    to_parent: &'static str,
    to_child: &'static str,
}

impl Said {
    pub fn to(&self, role: Role) -> &'static str {
        match role {
            Role::Parent => self.to_parent,
            Role::Child => self.to_child,
        }
    }
}

pub struct Sentence {
    pub title: Said,
    pub body: Said,
}

const fn alike(text: &'static str) -> Said {
    Said { to_parent: text, to_child: text }
}

const fn said(to_parent: &'static str, to_child: &'static str) -> Said {
    Said { to_parent, to_child }
}

/// The text of a notification for a person who hides details on the lock screen.
pub fn discreet(locale: Locale) -> &'static str {
    match locale {
        Locale::Ko => "새 소식이 있어요",
        Locale::En => "There is something new",
    }
}

/// The others of whom an import holds the answers, where it is not one whom the person has a word for.
pub fn family(locale: Locale) -> &'static str {
    match locale {
        Locale::Ko => "가족",
        Locale::En => "your family",
    }
}

pub fn sentence(locale: Locale, kind: NotificationKind) -> Sentence {
    match locale {
        Locale::Ko => korean(kind),
        Locale::En => english(kind),
    }
}

fn korean(kind: NotificationKind) -> Sentence {
    use NotificationKind as Kind;
    let (title, body) = match kind {
        Kind::Question => (alike("오늘의 질문이 왔어요"), alike("{other:와/과}의 오늘 질문: {topic}")),
        Kind::Answered => (
            alike("{other:이/가} 답했어요"),
            said("한 줄만 적어 주시면 바로 카드가 열려요: {topic}", "내가 답하면 바로 카드가 열려요: {topic}"),
        ),
        Kind::CardOpened => (
            alike("카드가 열렸어요"),
            said("{other}의 이야기를 천천히 읽어 보세요: {topic}", "{other}의 이야기가 기다리고 있어요: {topic}"),
        ),
        Kind::Reminder => (
            alike("오늘의 질문이 기다려요"),
            said(
                "{others:와/과}의 질문이에요. 시간 나실 때 한 줄이면 충분해요.",
                "{others:와/과}의 질문이에요. 떠오르는 장면 하나면 충분해요.",
            ),
        ),
        Kind::StillWaiting => {
            (alike("{other:은/는} 아직이에요"), said("콕 두드려 보시겠어요? {topic}", "콕 두드려 볼까요? {topic}"))
        }
        Kind::Nudge => (
            alike("콕! {other:이/가} 두드렸어요"),
            said("{other:이/가} 이야기를 기다리고 있어요: {topic}", "{other:이/가} 내 이야기를 기다려요: {topic}"),
        ),
        Kind::TimeChanged => {
            (alike("질문이 오는 시간이 바뀌었어요"), alike("{other:이/가} {time:으로/로} 바꾸었어요."))
        }
        Kind::Joined => (alike("{other:이/가} 들어왔어요"), alike("이제 매일 하나의 질문을 함께 받아요.")),
        Kind::Left => (alike("{other:와/과}의 짝이 끝났어요"), alike("함께 연 카드는 보관함에 그대로 있어요.")),
        Kind::Deleting => (
            alike("{other:이/가} 계정을 지우기로 했어요"),
            alike("그동안 함께해 주셔서 고마워요. 내가 쓴 글은 보관함에 그대로 있어요."),
        ),
        Kind::CameBack => (alike("{other:이/가} 돌아왔어요"), alike("다음 시간부터 다시 하루 하나의 질문이 찾아와요.")),
        Kind::AnswerTakenBack => (
            alike("{other:이/가} 답 하나를 지웠어요"),
            alike("마음이 바뀔 수도 있지요. 내가 쓴 답은 그대로 있어요: {topic}"),
        ),
        Kind::Paused => (alike("{other:이/가} 잠시 쉬기로 했어요"), alike("{date}에 다시 질문이 찾아와요.")),
        Kind::Resumed => {
            (alike("다시 시작해요"), alike("{other:이/가} 쉬기를 마쳤어요. 다음 시간부터 질문이 찾아와요."))
        }
        Kind::RecoveryUsed => (
            alike("복구 코드로 들어온 기기가 있어요"),
            alike("내가 아니라면 설정에서 그 기기를 내보내고 코드를 새로 만들어 주세요."),
        ),
        Kind::RecoveryRenewed => (
            alike("복구 코드를 새로 만들었어요"),
            alike(
                "내가 한 일이 아니라면 설정에서 낯선 기기를 내보내 주세요. 전에 적어 둔 코드로도 7일 동안은 들어올 수 있어요.",
            ),
        ),
        Kind::RecoveryAsked => (
            alike("서버를 돌보는 분이 새 복구 코드를 만들었어요"),
            alike("48시간 뒤부터 그 코드로 들어올 수 있어요. 내가 부탁한 일이 아니면 설정에서 거절해 주세요."),
        ),
        Kind::SeatAsked => (
            alike("내 자리를 새 기기로 옮기려고 해요"),
            alike("{other:이/가} 보낸 초대로 누군가 들어왔어요. 내가 부탁한 일이 아니면 48시간 안에 거절해 주세요."),
        ),
        Kind::SeatJoined => (
            alike("보낸 초대로 새 기기에서 들어왔어요"),
            alike("48시간 동안 거절이 없으면 {other}의 자리가 새 기기로 옮겨져요."),
        ),
        Kind::SeatRefused => (
            alike("자리를 옮기지 않기로 했어요"),
            alike("거절했거나 초대를 거두었거나 짝이 끝났어요. 계정은 그대로예요."),
        ),
        Kind::SeatMoved => (
            alike("내 자리가 새 기기로 옮겨졌어요"),
            alike(
                "48시간 동안 거절이 없어 {text} 님과의 짝은 새로 들어온 분이 이어 가요. 내 계정과 다른 짝은 그대로예요.",
            ),
        ),
        Kind::SeatOpened => (
            alike("자리가 새 기기로 옮겨졌어요"),
            alike("{other:와/과} 함께 연 카드가 그대로 있어요. 이제 이어서 쓸 수 있어요."),
        ),
        Kind::WayInAdded => (
            alike("로그인 방법이 하나 늘었어요"),
            alike("{device:을/를} 더했어요. 내가 아니라면 설정에서 지우고 낯선 기기를 내보내 주세요."),
        ),
        Kind::WayInRemoved => (
            alike("로그인 방법을 하나 지웠어요"),
            alike("이제 {device:으로/로} 들어올 수 없어요. 내가 아니라면 설정에서 낯선 기기를 내보내 주세요."),
        ),
        Kind::WayInUsed => (
            alike("새로 들어온 기기가 있어요"),
            alike("{device}에서 들어왔어요. 내가 아니라면 설정에서 그 기기를 내보내 주세요."),
        ),
        Kind::PasskeyCopied => (
            alike("패스키가 하나 더 있는 것 같아요"),
            alike("‘{device}’의 횟수가 뒤로 갔어요. 모르는 일이라면 설정에서 그 패스키를 지워 주세요."),
        ),
        Kind::ProofAsked => (
            alike("다른 기기가 확인을 부탁했어요"),
            alike("{device}에 보이는 숫자를 골라 주세요. 내가 아니라면 눌러서 ‘제가 아니에요’를 골라 주세요."),
        ),
        Kind::HandedOver => (
            alike("다른 기기에서 이어 쓰기 시작했어요"),
            alike("{device}에서 들어왔어요. 내가 아니라면 설정에서 그 기기를 내보내 주세요."),
        ),
        Kind::StaleToken => (
            alike("예전 로그인 정보를 보인 기기가 있어요"),
            alike("백업에서 되살린 내 기기일 수 있어요. 모르는 일이라면 설정에서 낯선 기기를 내보내 주세요."),
        ),
        Kind::Test => (alike("알림이 잘 와요"), alike("이 기기로 소식을 전해 드릴게요.")),
        Kind::Announcement => (alike("엄빠도 어렸다 소식"), alike("{text}")),
        Kind::Imported => (
            alike("{other:와/과}의 기록이 여기로 옮겨졌어요"),
            alike("서버를 돌보는 분이 옮겨 두었어요. 함께 연 카드를 보관함에서 다시 읽어 보세요."),
        ),
    };
    Sentence { title, body }
}

fn english(kind: NotificationKind) -> Sentence {
    use NotificationKind as Kind;
    let (title, body) = match kind {
        Kind::Question => (alike("Today’s question is here"), alike("Today with {other}: {topic}")),
        Kind::Answered => (
            alike("{other} answered"),
            said("A line from you opens the card: {topic}", "Answer, and the card opens: {topic}"),
        ),
        Kind::CardOpened => {
            (alike("A card is open"), said("Read what {other} wrote: {topic}", "{other}’s story is waiting: {topic}"))
        }
        Kind::Reminder => (
            alike("Today’s question is waiting"),
            said("With {others}. A line is enough, whenever you have a moment.", "With {others}. One scene is enough."),
        ),
        Kind::StillWaiting => {
            (alike("{other} has not answered yet"), said("Would you like to nudge? {topic}", "Give a nudge? {topic}"))
        }
        Kind::Nudge => (alike("A nudge from {other}"), alike("{other} is looking forward to your story: {topic}")),
        Kind::TimeChanged => (alike("The question’s time has changed"), alike("{other} moved it to {time}.")),
        Kind::Joined => (alike("{other} has joined"), alike("From now on you share one question a day.")),
        Kind::Left => (alike("Your pair with {other} has ended"), alike("The cards you opened stay in the archive.")),
        Kind::Deleting => (
            alike("{other} is having their account deleted"),
            alike("Thank you for the days you shared. What you wrote stays in your archive."),
        ),
        Kind::CameBack => (alike("{other} is back"), alike("One question a day comes again, from the next time on.")),
        Kind::AnswerTakenBack => {
            (alike("{other} took an answer back"), alike("What you wrote yourself is still there: {topic}"))
        }
        Kind::Paused => (alike("{other} is taking a break"), alike("Questions come again on {date}.")),
        Kind::Resumed => {
            (alike("Questions are back"), alike("{other} ended the break. The next question comes at its time."))
        }
        Kind::RecoveryUsed => (
            alike("Somebody signed in with your recovery code"),
            alike("If it was not you, sign that device out in settings and make a new code."),
        ),
        Kind::RecoveryRenewed => (
            alike("A new recovery code was made"),
            alike(
                "If it was not you, sign the strange device out in settings. The code you wrote down before still \
                 works for 7 days.",
            ),
        ),
        Kind::RecoveryAsked => (
            alike("The operator made a new recovery code for you"),
            alike("It signs in after 48 hours. If you did not ask for it, refuse it in settings."),
        ),
        Kind::SeatAsked => (
            alike("Your seat is about to move to a new device"),
            alike("Somebody joined with an invitation from {other}. If you did not ask for it, refuse it in 48 hours."),
        ),
        Kind::SeatJoined => (
            alike("Somebody joined with your return invitation"),
            alike("If nobody refuses within 48 hours, the seat of {other} moves to the new device."),
        ),
        Kind::SeatRefused => (
            alike("The seat does not move"),
            alike("It was refused or called off, or the pair has ended. Your account stays as it is."),
        ),
        Kind::SeatMoved => (
            alike("Your seat has moved to a new device"),
            alike("Nobody refused within 48 hours, so your pair with {text} goes on there. Your account stays."),
        ),
        Kind::SeatOpened => (
            alike("The seat has moved to the new device"),
            alike("The cards you opened with {other} are all there. You can go on together."),
        ),
        Kind::WayInAdded => (
            alike("A way to sign in was added"),
            alike("It is {device}. If it was not you, remove it in settings and sign strange devices out."),
        ),
        Kind::WayInRemoved => (
            alike("A way to sign in was removed"),
            alike("{device} signs in no longer. If it was not you, sign strange devices out in settings."),
        ),
        Kind::WayInUsed => (
            alike("A device has signed in"),
            alike("It is {device}. If it was not you, sign that device out in settings."),
        ),
        Kind::PasskeyCopied => (
            alike("There may be a copy of a passkey"),
            alike("The counter of “{device}” went back. If you know nothing of it, remove it in settings."),
        ),
        Kind::ProofAsked => (
            alike("Another device asks you to confirm"),
            alike("Choose the number that {device} shows. If it was not you, open this and say so."),
        ),
        Kind::HandedOver => (
            alike("You are signed in on another device"),
            alike("It is {device}. If it was not you, sign that device out in settings."),
        ),
        Kind::StaleToken => (
            alike("A device showed an old sign-in of yours"),
            alike(
                "It may be your own, restored from a backup. If you know nothing of it, sign strange devices out in \
                 settings.",
            ),
        ),
        Kind::Test => (alike("Notifications work"), alike("This is where news will reach you.")),
        Kind::Announcement => (alike("News from 엄빠도 어렸다"), alike("{text}")),
        Kind::Imported => (
            alike("Your record with {other} is here now"),
            alike("The operator brought it over. The cards you opened together are in the archive."),
        ),
    };
    Sentence { title, body }
}
