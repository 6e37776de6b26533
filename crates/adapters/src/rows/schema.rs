//! The tables, in types that every database has.

diesel::table! {
    connections (user_id) {
        user_id -> Binary,
        revision -> BigInt,
        epoch -> BigInt,
        generation -> BigInt,
        state -> Text,
        host -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        tokens -> Nullable<Binary>,
        issued_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        reauth_reason -> Nullable<Text>,
        reauth_since -> Nullable<BigInt>,
        connected_at -> Nullable<BigInt>,
        refreshed_at -> Nullable<BigInt>,
        problem -> Nullable<Text>,
        problem_since -> Nullable<BigInt>,
        lease_owner -> Nullable<Binary>,
        lease_until -> Nullable<BigInt>,
        lease_generation -> Nullable<BigInt>,
        lease_in_doubt -> Nullable<Bool>,
        lease_tries -> Nullable<BigInt>,
        lease_for -> Nullable<BigInt>,
        lease_lasts -> Nullable<BigInt>,
        accused_client -> Nullable<Binary>,
        accused_since -> Nullable<BigInt>,
        accused_last -> Nullable<BigInt>,
        accused_account -> Nullable<Bool>,
        refused_epoch -> Nullable<BigInt>,
        refused_count -> Nullable<BigInt>,
        refused_last -> Nullable<BigInt>,
        refused_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    attempts (id) {
        id -> Binary,
        user_id -> Binary,
        state_hash -> Binary,
        state -> Text,
        code_hash -> Nullable<Binary>,
        reason -> Nullable<Text>,
        opened_at -> BigInt,
        expires_at -> BigInt,
        deep_link -> Nullable<Text>,
    }
}

diesel::table! {
    exchanges (code_hash) {
        code_hash -> Binary,
        came_with -> Nullable<Binary>,
        attempt_id -> Nullable<Binary>,
        user_id -> Nullable<Binary>,
        claim_needed -> Bool,
        host -> Text,
        epoch -> BigInt,
        state -> Text,
        lease_owner -> Nullable<Binary>,
        lease_until -> Nullable<BigInt>,
        grant_host -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        tokens -> Nullable<Binary>,
        issued_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        claim_by -> Nullable<BigInt>,
        connected_epoch -> Nullable<BigInt>,
        admitted_at -> BigInt,
    }
}

diesel::table! {
    clients (client) {
        client -> Binary,
        accused_at -> Nullable<BigInt>,
        served_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    host_look_ups (subject) {
        subject -> Text,
        found_host -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
        not_before -> BigInt,
    }
}

diesel::table! {
    imports (token_hash) {
        token_hash -> Binary,
        user_id -> Binary,
        generation -> BigInt,
        imported_at -> BigInt,
    }
}

diesel::table! {
    writes (key_hash) {
        key_hash -> Binary,
        user_id -> Binary,
        request_hash -> Binary,
        account_id -> BigInt,
        author_id -> Nullable<BigInt>,
        epoch -> BigInt,
        kind -> Text,
        target_id -> Nullable<BigInt>,
        object_id -> Nullable<BigInt>,
        object_is_new -> Nullable<Bool>,
        comment_id -> Nullable<BigInt>,
        begun_at -> BigInt,
        state -> Text,
        lease_owner -> Nullable<Binary>,
        lease_until -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        sent_by -> Nullable<Binary>,
        missing_comment -> Nullable<Bool>,
        done_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    looks (account_id) {
        account_id -> BigInt,
        wanted -> Bool,
        under_way -> Bool,
        not_before -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        user_id -> Binary,
        actor -> Text,
        event -> Text,
        reason -> Nullable<Text>,
        host -> Nullable<Text>,
        account_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    heartbeat (id) {
        id -> BigInt,
        beat_at -> BigInt,
    }
}

diesel::table! {
    turns (line) {
        line -> Text,
        next_at -> Nullable<BigInt>,
        ban_since -> Nullable<BigInt>,
        ban_probe_at -> Nullable<BigInt>,
        ban_probing -> Nullable<Bool>,
        ban_met -> Nullable<BigInt>,
        put_off_for -> Nullable<BigInt>,
        shares -> Nullable<Text>,
        unbanned_asked_at -> Nullable<BigInt>,
        banned_asked_at -> Nullable<BigInt>,
        banned_due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    code_places (code_hash) {
        code_hash -> Binary,
        owner -> Binary,
        network -> Binary,
        host -> Text,
        is_new_host -> Bool,
        given_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(code_places, exchanges);

diesel::table! {
    key_rings (instance) {
        instance -> Binary,
        keys -> Text,
        published_at -> BigInt,
    }
}

diesel::table! {
    schema_compatibility (id) {
        id -> BigInt,
        oldest_migration -> Text,
    }
}

diesel::table! {
    #[sql_name = "__diesel_schema_migrations"]
    schema_migrations (version) {
        version -> Text,
    }
}
