-- The settings `owners` and `fallback_owner` name practitioners whom the clinic does not have, or people who are no
-- members of the workspace (yet): these entries do nothing. Is the name spelt right, was the invitation accepted?
{{ config(severity='warn') }}
{{ owners_without_effect(source('twenty', 'members')) }}
