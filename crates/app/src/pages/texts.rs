//! Every sentence of the callback page, in its three languages.

use amo_connect_domain::usecase::CallbackOutcome;

use super::Language;

/// The sentences that do not depend on what happened.
pub(super) struct Texts {
    /// The button.
    pub(super) button: &'static str,
    /// What a reload does: the words that reload, and the end of the sentence.
    pub(super) reload: (&'static str, &'static str),
    /// For browsers without JavaScript, before the link.
    pub(super) no_script: &'static str,
    /// Before the reference.
    pub(super) reference: &'static str,
}

/// The sentences about an outcome.
pub(super) struct OutcomeTexts {
    /// The heading.
    pub(super) heading: &'static str,
    /// One plain sentence.
    pub(super) sentence: &'static str,
    /// For the user whose app does not open.
    pub(super) quiet: &'static str,
}

impl Texts {
    pub(super) fn of(language: Language) -> Self {
        match language {
            Language::English => Self {
                button: "Return to App",
                reload: ("Reload this page", " in a moment to try again."),
                no_script: "JavaScript is switched off in this browser. Go back to the app yourself, or follow this link:",
                reference: "Reference",
            },
            Language::Ukrainian => Self {
                button: "Повернутися в\u{a0}додаток",
                reload: ("Оновіть сторінку", " за хвилину, щоб спробувати ще раз."),
                no_script: "У цьому браузері вимкнено JavaScript. Поверніться в додаток самостійно або перейдіть за посиланням:",
                reference: "Номер звернення",
            },
            Language::Russian => Self {
                button: "Вернуться в\u{a0}приложение",
                reload: ("Обновите страницу", " через минуту, чтобы попробовать ещё раз."),
                no_script: "В этом браузере выключен JavaScript. Вернитесь в приложение сами или перейдите по ссылке:",
                reference: "Номер обращения",
            },
        }
    }
}

impl OutcomeTexts {
    pub(super) fn of(outcome: CallbackOutcome, language: Language) -> Self {
        let (heading, sentence) = match language {
            Language::English => in_english(outcome),
            Language::Ukrainian => in_ukrainian(outcome),
            Language::Russian => in_russian(outcome),
        };
        let connected = outcome == CallbackOutcome::Connected;
        let waiting = matches!(outcome, CallbackOutcome::AwaitingClaim | CallbackOutcome::AwaitingOwner);
        let quiet = match language {
            Language::English if connected => {
                "Nothing happened? Open the app yourself: your account is already connected."
            }
            Language::English if waiting => "Nothing happened? Open the app and connect again.",
            Language::English => "Nothing happened? Open the app yourself.",
            Language::Ukrainian if connected => {
                "Нічого не сталося? Відкрийте додаток самостійно: ваш акаунт уже підключено."
            }
            Language::Ukrainian if waiting => "Нічого не сталося? Відкрийте додаток і підключіться ще раз.",
            Language::Ukrainian => "Нічого не сталося? Відкрийте додаток самостійно.",
            Language::Russian if connected => {
                "Ничего не произошло? Откройте приложение сами: ваш аккаунт уже подключён."
            }
            Language::Russian if waiting => "Ничего не произошло? Откройте приложение и подключитесь ещё раз.",
            Language::Russian => "Ничего не произошло? Откройте приложение сами.",
        };
        Self { heading, sentence, quiet }
    }
}

fn in_english(outcome: CallbackOutcome) -> (&'static str, &'static str) {
    match outcome {
        CallbackOutcome::Connected | CallbackOutcome::AwaitingOwner => {
            ("✓ Authorization successful!", "Your AMO CRM account has been successfully connected.")
        }
        CallbackOutcome::AwaitingClaim => ("✓ Authorization successful!", "Return to the app to finish connecting."),
        CallbackOutcome::WidgetInstall => {
            ("Open the app to connect", "The integration is installed. Now connect your account in the app.")
        }
        CallbackOutcome::Declined => {
            ("Authorization was declined", "Nothing has changed. You can connect from the app at any time.")
        }
        CallbackOutcome::Failed => {
            ("✗ Authorization failed", "AMO CRM could not complete it. Please start again in the app.")
        }
        CallbackOutcome::MissingCode => {
            ("✗ Authorization code is missing", "AMO CRM sent nothing to connect with. Please start again in the app.")
        }
        CallbackOutcome::LinkExpired => (
            "This link has expired",
            "It works once and for a short time. If you are not connected yet, start again in the app.",
        ),
        CallbackOutcome::InvalidAccountHost => {
            ("✗ Authorization failed", "The account’s address is not one of AMO CRM’s. Please start again in the app.")
        }
        CallbackOutcome::InvalidCode => {
            ("✗ Authorization failed", "AMO CRM did not accept the authorization. Please start again in the app.")
        }
        CallbackOutcome::CrmUnavailable => ("Not connected yet", "AMO CRM is not answering right now."),
        CallbackOutcome::StorageUnavailable => ("Not connected yet", "Our service is not answering right now."),
        CallbackOutcome::TryAgain => ("Please try again in a moment", "Too many requests came at once."),
    }
}

fn in_ukrainian(outcome: CallbackOutcome) -> (&'static str, &'static str) {
    match outcome {
        CallbackOutcome::Connected | CallbackOutcome::AwaitingOwner => {
            ("✓ Авторизація успішна!", "Ваш акаунт AMO CRM успішно підключено.")
        }
        CallbackOutcome::AwaitingClaim => {
            ("✓ Авторизація успішна!", "Поверніться в додаток, щоб завершити підключення.")
        }
        CallbackOutcome::WidgetInstall => {
            ("Відкрийте додаток, щоб підключитися", "Інтеграцію встановлено. Тепер підключіть акаунт у додатку.")
        }
        CallbackOutcome::Declined => {
            ("Авторизацію відхилено", "Нічого не змінилося. Підключитися можна будь\u{2011}коли в додатку.")
        }
        CallbackOutcome::Failed => {
            ("✗ Помилка авторизації", "AMO CRM не змогла її завершити. Почніть ще раз у додатку.")
        }
        CallbackOutcome::MissingCode => {
            ("✗ Немає коду авторизації", "AMO CRM не передала даних для підключення. Почніть ще раз у додатку.")
        }
        CallbackOutcome::LinkExpired => (
            "Посилання більше не діє",
            "Воно діє один раз і недовго. Якщо ви ще не підключені, почніть ще раз у додатку.",
        ),
        CallbackOutcome::InvalidAccountHost => {
            ("✗ Помилка авторизації", "Адреса акаунта не належить AMO CRM. Почніть ще раз у додатку.")
        }
        CallbackOutcome::InvalidCode => {
            ("✗ Помилка авторизації", "AMO CRM не прийняла авторизацію. Почніть ще раз у додатку.")
        }
        CallbackOutcome::CrmUnavailable => ("Ще не підключено", "AMO CRM зараз не відповідає."),
        CallbackOutcome::StorageUnavailable => ("Ще не підключено", "Наш сервіс зараз не відповідає."),
        CallbackOutcome::TryAgain => ("Спробуйте ще раз за хвилину", "Надійшло забагато запитів одночасно."),
    }
}

fn in_russian(outcome: CallbackOutcome) -> (&'static str, &'static str) {
    match outcome {
        CallbackOutcome::Connected | CallbackOutcome::AwaitingOwner => {
            ("✓ Авторизация прошла успешно!", "Ваш аккаунт AMO CRM успешно подключён.")
        }
        CallbackOutcome::AwaitingClaim => {
            ("✓ Авторизация прошла успешно!", "Вернитесь в приложение, чтобы завершить подключение.")
        }
        CallbackOutcome::WidgetInstall => (
            "Откройте приложение, чтобы подключиться",
            "Интеграция установлена. Теперь подключите аккаунт в приложении.",
        ),
        CallbackOutcome::Declined => {
            ("Авторизация отклонена", "Ничего не изменилось. Подключиться можно в любой момент в приложении.")
        }
        CallbackOutcome::Failed => {
            ("✗ Ошибка авторизации", "AMO CRM не смогла её завершить. Начните заново в приложении.")
        }
        CallbackOutcome::MissingCode => {
            ("✗ Нет кода авторизации", "AMO CRM не передала данных для подключения. Начните заново в приложении.")
        }
        CallbackOutcome::LinkExpired => (
            "Ссылка больше не действует",
            "Она действует один раз и недолго. Если вы ещё не подключены, начните заново в приложении.",
        ),
        CallbackOutcome::InvalidAccountHost => {
            ("✗ Ошибка авторизации", "Адрес аккаунта не принадлежит AMO CRM. Начните заново в приложении.")
        }
        CallbackOutcome::InvalidCode => {
            ("✗ Ошибка авторизации", "AMO CRM не приняла авторизацию. Начните заново в приложении.")
        }
        CallbackOutcome::CrmUnavailable => ("Ещё не подключено", "AMO CRM сейчас не отвечает."),
        CallbackOutcome::StorageUnavailable => ("Ещё не подключено", "Наш сервис сейчас не отвечает."),
        CallbackOutcome::TryAgain => ("Попробуйте ещё раз через минуту", "Пришло слишком много запросов сразу."),
    }
}
