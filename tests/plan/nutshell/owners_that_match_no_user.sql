-- The settings `owners` and `fallback_owner` name practitioners whom the clinic does not have, or people who are no
-- enabled users of the account: these entries do nothing. Is the name spelt right, is the user enabled?
{{ config(severity='warn') }}
{{ owners_without_effect(ref('nutshell__user_emails')) }}
