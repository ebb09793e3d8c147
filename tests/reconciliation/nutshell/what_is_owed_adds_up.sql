{{ rolled_up_equation('Balance Due', 'balances.outstanding') }}
