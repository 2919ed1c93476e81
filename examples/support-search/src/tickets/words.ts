/** Word lists and sentences of the generator. `{…}` is filled in by the generator; nothing here is about anybody. */

export const TEAMS = ['billing', 'identity', 'platform', 'medical'] as const;
export type Team = (typeof TEAMS)[number];

export const PEOPLE = [
  'Ada Brook',
  'Ben Castell',
  'Chloe Dunmore',
  'Dario Elm',
  'Esther Fairway',
  'Frank Grover',
  'Greta Hollis',
  'Hugo Inverness',
  'Iris Jarrow',
  'Jonas Kettle',
  'Kira Lowell',
  'Liam Morrow',
] as const;

/** Names that are not ASCII, for the fifth of the tickets that is not. */
export const PEOPLE_ABROAD = [
  'Zoë Müller-Weiß',
  'Søren Ångström',
  'Łucja Wiśniewska',
  'José Ibáñez',
  'Chiara Nicolò',
  'Đorđe Žižić',
  '山本 葵',
  'Νίκη Παππά',
] as const;

export const MAIL_DOMAINS = ['example.com', 'example.org', 'example.net'] as const;

interface Topic {
  readonly title: string;
  readonly lines: readonly string[];
}

export const TOPICS: Readonly<Record<Team, readonly Topic[]>> = {
  billing: [
    {
      title: 'Refund for a cancelled plan has not arrived',
      lines: [
        'The customer cancelled the {plan} plan on {day} and was promised a refund of {money}.',
        'The ledger shows the credit note, but the payment provider never confirmed the refund.',
        'Please check whether the refund is stuck in the settlement queue.',
      ],
    },
    {
      title: 'Invoice {number} was charged twice',
      lines: [
        'Invoice {number} over {money} appears twice on the bank statement.',
        'Both charges carry the same reference, so the retry job is the likely cause.',
        'One of the two charges has to be reversed before the end of the month.',
      ],
    },
    {
      title: 'Card declined while renewing the {plan} plan',
      lines: [
        'The renewal failed with the message "card declined" although the card is valid.',
        'The customer tried again on {day} with the same result.',
        'Our payment logs show a timeout before the bank answered.',
      ],
    },
    {
      title: 'VAT number is missing on invoice {number}',
      lines: [
        'The tax office refuses invoice {number} because the VAT number is missing.',
        'It was entered in the profile on {day}, after the invoice had been created.',
        'Can we issue a corrected invoice over {money} without a new payment?',
      ],
    },
    {
      title: 'Discount for the {plan} plan was not applied',
      lines: [
        'The contract promises a discount for the first year of the {plan} plan.',
        'The last invoice shows the list price of {money}.',
        'Sales confirmed the discount, so the coupon must have expired too early.',
      ],
    },
  ],
  identity: [
    {
      title: 'Cannot sign in after the password reset',
      lines: [
        'After resetting the password the login page says that the account is locked.',
        'The reset link was opened on {day} from a second device.',
        'Unlocking by hand works once; the next login locks the account again.',
      ],
    },
    {
      title: 'Second factor is lost with the old phone',
      lines: [
        'The phone with the authenticator app was replaced on {day}.',
        'No recovery codes were saved, so the login cannot be completed.',
        'The support script asks for proof of identity before the factor is removed.',
      ],
    },
    {
      title: 'Single sign-on redirects in a loop',
      lines: [
        'The browser jumps between the login page and the portal until it gives up.',
        'It started on {day} after the certificate of the identity provider was renewed.',
        'The audience in the token is the old one; see request {number}.',
      ],
    },
    {
      title: 'Account was merged with another person',
      lines: [
        'Two accounts were merged because they share a phone number.',
        'The profile now shows the address of somebody else.',
        'The merge has to be undone and both people informed; see case {number}.',
      ],
    },
    {
      title: 'Group membership is missing in the token',
      lines: [
        'The user was added to the group on {day} but the token does not show it.',
        'Signing out and in again did not help.',
        'Other members of the group are not affected.',
      ],
    },
  ],
  platform: [
    {
      title: 'Search is slow in the evening',
      lines: [
        'Between six and nine the search needs several seconds for an answer.',
        'The reranker queue is full at that time; the database is not.',
        'Report {number} has the traces of {day}.',
      ],
    },
    {
      title: 'Webhook deliveries fail with a timeout',
      lines: [
        'About one delivery in twenty fails with a timeout after ten seconds.',
        'The receiver logs nothing, so the connection is probably never opened.',
        'A manual replay of delivery {number} succeeded.',
      ],
    },
    {
      title: 'Export job stops at {number} rows',
      lines: [
        'The nightly export stops at {number} rows without an error.',
        'The last complete export was made on {day}.',
        'Memory of the worker rises until the container is restarted.',
      ],
    },
    {
      title: 'API answers 429 below the limit',
      lines: [
        'The customer makes fewer calls than the {plan} plan allows and still gets 429.',
        'The counter seems to be shared between two regions.',
        'It happens since {day}; the retry header asks for a whole minute.',
      ],
    },
    {
      title: 'Disk of a database replica is full',
      lines: [
        'The replica stopped on {day} because its disk is full.',
        'Old log segments are not removed since the last upgrade.',
        'Ticket {number} describes the same problem in the test region.',
      ],
    },
  ],
  medical: [
    {
      title: 'Lab report is attached to the wrong patient',
      lines: [
        'A lab report from {day} was filed under the wrong patient.',
        'Both records must be corrected and the access log kept for the auditor.',
        'The report number is {number}.',
      ],
    },
    {
      title: 'Prescription renewal does not reach the pharmacy',
      lines: [
        'The renewal was signed on {day}, yet the pharmacy did not receive it.',
        'The message is in the outbox with the state "waiting".',
        'The patient has medication for three more days.',
      ],
    },
    {
      title: 'Insurance rejects claim {number}',
      lines: [
        'The insurance rejects claim {number} over {money} because the diagnosis code is missing.',
        'The code is visible in the patient record.',
        'Please send the claim again with the code of the visit on {day}.',
      ],
    },
    {
      title: 'Appointment reminder shows the diagnosis',
      lines: [
        'The reminder text that was sent on {day} contains the diagnosis.',
        'Reminders must not hold health data.',
        'The template has to be corrected before the next run.',
      ],
    },
  ],
};

/** Lines of customers who do not write English. */
export const LINES_ABROAD = [
  'Der Kunde schreibt: „Bitte prüfen Sie das für mich – es eilt, schöne Grüße!“',
  'Le client écrit : « Ça ne marche toujours pas, même après la réinitialisation. »',
  'El cliente añade: «¿Cuándo estará solucionado? Mañana necesito el acceso.»',
  'Klient pisze: „Proszę o szybką odpowiedź, dziękuję”.',
  'お客様より:「至急ご確認をお願いいたします。」',
  'Ο πελάτης γράφει: «Παρακαλώ ελέγξτε το σήμερα.» 🙏',
] as const;

export const CLOSINGS = [
  'Severity was set to normal by the first line.',
  'The customer asked to be called back in the morning.',
  'A screenshot is in the shared folder.',
  'Nothing like this was seen before the last release.',
  'The customer is patient, but it is the second time this year.',
] as const;

export const PLANS = ['Starter', 'Team', 'Business', 'Campus'] as const;
export const DAYS = [
  '2 March',
  '14 April',
  '9 May',
  '21 June',
  '3 July',
  '17 August',
  '30 September',
] as const;
