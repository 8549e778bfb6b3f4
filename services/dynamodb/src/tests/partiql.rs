use super::check;

const ORDERS: &str = r#"
    dynamodb create-table TableName=tbl BillingMode=PAY_PER_REQUEST KeySchema=[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}] AttributeDefinitions=[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"kind","AttributeType":"S"}] GlobalSecondaryIndexes=[{"IndexName":"by-kind","KeySchema":[{"AttributeName":"kind","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}] => ok
    QL INSERT INTO tbl VALUE {'pk': 'o', 'sk': 1, 'kind': 'x', 'total': 10, 'm': {'deep': {'er': 'd'}}, 'l': ['a', 'b']} => Items[0]=absent
    QL INSERT INTO tbl VALUE {'pk': 'o', 'sk': 2, 'kind': 'y', 'total': 20, 'note': NULL} => ok
    QL INSERT INTO "tbl" VALUE {'pk': 'o', 'sk': 3, 'kind': 'x', 'tags': <<'b', 'a'>>} => ok
    QL INSERT INTO tbl VALUE {'pk': 'p', 'sk': 1, 'kind': 'x', 'total': -1.50} => ok
"#;

#[test]
fn statements_select_by_key_by_index_and_by_scan() {
    check(&format!(
        r#"{ORDERS}
        QL SELECT * FROM tbl WHERE pk = 'o' AND sk = 2 => Items[0].total.N=20 Items[0].note.NULL=true Items[1]=absent NextToken=absent
        QL SELECT * FROM "tbl" WHERE pk = 'o' AND sk >= 2 => Items[0].sk.N=2 Items[1].sk.N=3 Items[2]=absent
        QL SELECT sk FROM tbl WHERE pk = 'o' AND sk BETWEEN 1 AND 2 => Items[0].sk.N=1 Items[0].pk=absent Items[1].sk.N=2 Items[2]=absent
        QL SELECT sk, m.deep.er, l[1] FROM tbl WHERE pk = 'o' AND sk = 1 => Items[0].er.S=d Items[0].sk.N=1 Items[0].m=absent
        QL SELECT sk FROM tbl WHERE pk IN ['p', 'o'] AND total > 0 => Items[0].sk.N=1 Items[1].sk.N=2 Items[2]=absent
        QL SELECT sk FROM tbl WHERE pk = 'p' OR pk = 'o' AND sk = 3 => Items[0].sk.N=3 Items[1].sk.N=1 Items[2]=absent
        QL SELECT sk FROM tbl WHERE (contains(tags, 'a') OR begins_with(kind, 'y')) AND pk = 'o' => Items[0].sk.N=2 Items[1].sk.N=3 Items[2]=absent
        QL SELECT sk FROM tbl WHERE pk = 'o' AND total IS MISSING => Items[0].sk.N=3 Items[1]=absent
        QL SELECT sk FROM tbl WHERE pk = 'o' AND total IS NOT MISSING AND note IS NULL => Items[0].sk.N=2 Items[1]=absent
        QL SELECT sk FROM tbl WHERE pk = 'o' AND size(tags) = 2 AND attribute_type(tags, 'SS') => Items[0].sk.N=3
        QL SELECT sk FROM tbl WHERE pk = 'o' AND NOT total IN (10, 30) => Items[0].sk.N=2 Items[1].sk.N=3
        QL SELECT pk, sk FROM tbl WHERE total < 0 => Items[0].pk.S=p Items[1]=absent
        QL SELECT pk, sk FROM "tbl"."by-kind" WHERE kind = 'x' => Items[0].sk.N=1 Items[2].sk.N=3 Items[3]=absent
        QL SELECT sk FROM tbl WHERE pk = 'o' ORDER BY sk DESC => Items[0].sk.N=3 Items[2].sk.N=1
        QL SELECT sk FROM tbl WHERE pk IN ['o', 'p'] ORDER BY pk DESC, sk ASC => Items[0].sk.N=1 Items[1].sk.N=1 Items[2].sk.N=2
        QL SELECT * FROM tbl WHERE pk = 'none' => Items[0]=absent
        dynamodb execute-statement Statement="SELECT * FROM tbl WHERE pk = ? AND sk < ?" Parameters=[{{"S":"o"}},{{"N":"2"}}] ReturnConsumedCapacity=INDEXES ConsistentRead=true => Items[0].total.N=10 ConsumedCapacity.Table.CapacityUnits=1.0
    "#
    ));
}

#[test]
fn a_page_goes_on_with_its_token_and_with_no_other_statement() {
    check(&format!(
        r#"{ORDERS}
        dynamodb execute-statement Statement="SELECT sk FROM tbl WHERE pk IN ['o', 'p'] ORDER BY pk DESC" Limit=2 => Items[0].sk.N=1 Items[1].sk.N=1 NextToken=$token LastEvaluatedKey.pk.S=o
        dynamodb execute-statement Statement="SELECT sk FROM tbl WHERE pk IN ['o', 'p'] ORDER BY pk DESC" Limit=2 NextToken=$token => Items[0].sk.N=2 Items[1].sk.N=3
        dynamodb execute-statement Statement="SELECT sk FROM tbl" Limit=3 => Items[2].sk.N=* NextToken=$scan
        dynamodb execute-statement Statement="SELECT sk FROM tbl" NextToken=$scan => Items[0].sk.N=* Items[1]=absent NextToken=absent
        dynamodb execute-statement Statement="SELECT pk FROM tbl" NextToken=$scan => error ValidationException "NextToken does not match request"
        dynamodb execute-statement Statement="SELECT pk FROM tbl" NextToken=foo => error ValidationException "Invalid NextToken"
    "#
    ));
}

#[test]
fn statements_insert_update_and_delete() {
    check(
        r#"
        HASH tbl
        QL INSERT INTO tbl VALUE {'pk': 'a', 'n': 5, 'l': [1], 's': <<'x'>>, 'm': {'a': 1, 'b': 2}} => ok
        dynamodb execute-statement Statement="INSERT INTO tbl VALUE {'pk': 'a', 'n': 6}" => error DuplicateItemException "Duplicate primary key exists in table"
        QL INSERT INTO tbl VALUE {'n': 6} => error ValidationException "One or more parameter values were invalid: Missing the key pk in the item"
        QL UPDATE tbl SET n = n + 1 SET l = list_append(l, [2]), s = set_add(s, <<'y'>>) REMOVE m.a WHERE pk = 'a' RETURNING ALL NEW * => Items[0].n.N=6 Items[0].l.L[1].N=2 Items[0].s.SS[1]=y Items[0].m.M.a=absent Items[0].m.M.b.N=2
        QL UPDATE tbl SET s = set_delete(s, <<'x'>>) WHERE pk = 'a' AND n = 6 RETURNING MODIFIED OLD * => Items[0].s.SS[1]=y Items[0].n=absent
        QL UPDATE tbl SET m.b = 'new' WHERE pk = 'a' RETURNING MODIFIED NEW * => Items[0].m.M.b.S=new Items[0].s=absent
        QL UPDATE tbl REMOVE m WHERE pk = 'a' RETURNING MODIFIED NEW * => Items[0]=absent
        dynamodb execute-statement Statement="UPDATE tbl SET n = 1 WHERE pk = 'a' AND n = 1" => error ConditionalCheckFailedException "The conditional request failed"
        QL UPDATE tbl SET n = 1 WHERE pk = 'none' => error ConditionalCheckFailedException "The conditional request failed"
        QL UPDATE tbl SET n = 1 WHERE n = 6 => error ValidationException "Where clause does not contain a mandatory equality on all key attributes"
        QL UPDATE tbl SET pk = 'b' WHERE pk = 'a' => error ValidationException "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key"
        QL DELETE FROM tbl WHERE pk = 'a' AND n = 1 => error ConditionalCheckFailedException "The conditional request failed"
        QL DELETE FROM tbl WHERE pk = 'none' AND n = 1 => Items[0]=absent
        QL DELETE FROM tbl WHERE pk = 'a' AND n = 6 RETURNING ALL OLD * => Items[0].n.N=6
        QL DELETE FROM tbl WHERE pk = 'a' RETURNING ALL OLD * => Items[0]=absent
        QL SELECT * FROM tbl => Items[0]=absent
    "#,
    );
}

#[test]
fn what_is_wrong_with_a_statement_is_said_as_aws_says_it() {
    check(&format!(
        r#"{ORDERS}
        QL SELECT * FROM tbl WHERE pk = 'o' foo => error ValidationException "Statement wasn't well formed, can't be processed: Unexpected token after expression"
        QL CREATE TABLE x => error ValidationException "Statement wasn't well formed, can't be processed: Expected data manipulation"
        QL SELECT * FROM tbl WHERE pk = ? => error ValidationException "Number of parameters in request and statement don't match."
        dynamodb execute-statement Statement="SELECT * FROM none WHERE pk = 'o'" => error ResourceNotFoundException "Requested resource not found"
        QL SELECT * FROM "tbl"."none" => error ValidationException "The table does not have the specified index: none"
        QL SELECT sk FROM tbl ORDER BY sk => error ValidationException "Must have WHERE clause in the statement when using ORDER BY clause."
        QL SELECT sk FROM tbl WHERE pk = 'o' ORDER BY total => error ValidationException "Attribute total in ORDER BY clause must be part of the primary key"
        QL SELECT sk FROM tbl WHERE pk > 'a' ORDER BY sk => error ValidationException "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        QL SELECT sk FROM tbl WHERE pk IN ['o', 'p'] ORDER BY sk DESC => error ValidationException "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause."
        QL EXISTS(SELECT * FROM tbl WHERE pk = 'o' AND sk = 1) => error ValidationException "EXISTS can only be used in ExecuteTransaction write requests."
        QL DELETE FROM tbl WHERE pk = 'o' => error ValidationException "Where clause does not contain a mandatory equality on all key attributes"
        QL DELETE FROM tbl."by-kind" WHERE kind = 'x' AND sk = 1 => error ValidationException "This operation is not supported on an index"
        QL UPDATE tbl SET total = 1e126 WHERE pk = 'o' AND sk = 1 => error ValidationException "Number overflow. Attempting to store a number with magnitude larger than supported range under root"
    "#
    ));
}

#[test]
fn a_batch_answers_each_of_its_statements() {
    check(
        r#"
        HASH tbl
        dynamodb batch-execute-statement Statements=[{"Statement":"INSERT INTO tbl VALUE {'pk': 'a', 'n': 1}"},{"Statement":"INSERT INTO tbl VALUE {'pk': ?}","Parameters":[{"S":"a"}]},{"Statement":"UPDATE tbl SET n = 2 WHERE pk = 'a' AND n = 9","ReturnValuesOnConditionCheckFailure":"ALL_OLD"},{"Statement":"DELETE FROM none WHERE pk = 'a'"},{"Statement":"INSERT tbl"},{"Statement":"UPDATE tbl SET n = 3 WHERE pk = 'a' RETURNING ALL NEW *"}] ReturnConsumedCapacity=TOTAL => Responses[0].TableName=tbl Responses[0].Error=absent Responses[1].Error.Code=DuplicateItem Responses[1].TableName=tbl Responses[2].Error.Code=ConditionalCheckFailed Responses[2].Error.Item.n.N=1 Responses[3].Error.Code=ResourceNotFound Responses[4].Error.Code=ValidationError Responses[4].Error.Message="Statement wasn't well formed, can't be processed: Expected data manipulation" Responses[4].TableName=absent Responses[5].Item.n.N=3 ConsumedCapacity[0].CapacityUnits=2.0
        dynamodb batch-execute-statement Statements=[{"Statement":"SELECT n FROM tbl WHERE pk = 'a'","ConsistentRead":true},{"Statement":"SELECT * FROM tbl WHERE pk = 'none'"},{"Statement":"SELECT * FROM tbl WHERE n = 3"},{"Statement":"SELECT * FROM tbl WHERE pk = 'a' AND n = 1"}] ReturnConsumedCapacity=TOTAL => Responses[0].Item.n.N=3 Responses[0].Item.pk=absent Responses[1].Item=absent Responses[1].TableName=tbl Responses[2].Error.Message="Select statements within BatchExecuteStatement must specify the primary key in the where clause." Responses[3].Item=absent ConsumedCapacity[0].CapacityUnits=2.0
        dynamodb batch-execute-statement Statements=[{"Statement":"SELECT n FROM tbl WHERE pk = 'a'"},{"Statement":"DELETE FROM tbl WHERE pk = 'a'"}] => error ValidationException "*does not support both read and write operations in the same request."
        dynamodb batch-execute-statement Statements=[] => error ValidationException *
    "#,
    );
}

#[test]
fn a_transaction_of_statements_happens_as_a_whole_or_not_at_all() {
    check(
        r#"
        HASH tbl
        dynamodb execute-transaction TransactStatements=[{"Statement":"INSERT INTO tbl VALUE {'pk': 'a', 'n': 1}"},{"Statement":"INSERT INTO tbl VALUE {'pk': 'b', 'n': 2}"}] ReturnConsumedCapacity=TOTAL => ConsumedCapacity[0].WriteCapacityUnits=4.0
        dynamodb execute-transaction TransactStatements=[{"Statement":"SELECT * FROM tbl WHERE pk = 'a'"},{"Statement":"SELECT n FROM tbl WHERE pk = 'b'"},{"Statement":"SELECT n FROM tbl WHERE pk = 'c'"}] => Responses[0].Item.pk.S=a Responses[1].Item.n.N=2 Responses[1].Item.pk=absent Responses[2].Item=absent
        dynamodb execute-transaction TransactStatements=[{"Statement":"UPDATE tbl SET n = 9 WHERE pk = 'a'"},{"Statement":"EXISTS(SELECT * FROM tbl WHERE pk = 'b' AND n = 3)"},{"Statement":"INSERT INTO tbl VALUE {'pk': 'c'}"}] => error TransactionCanceledException "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None]"
        dynamodb execute-transaction TransactStatements=[{"Statement":"DELETE FROM tbl WHERE pk = 'b'"},{"Statement":"INSERT INTO tbl VALUE {'pk': 'a'}"}] => error TransactionCanceledException "*[None, DuplicateItem]"
        QL SELECT n FROM tbl WHERE pk IN ['a', 'b'] AND n < 9 => Items[0].n.N=1 Items[1].n.N=2
        dynamodb execute-transaction TransactStatements=[{"Statement":"SELECT * FROM tbl WHERE pk = 'a'"},{"Statement":"DELETE FROM tbl WHERE pk = 'a'"}] => error ValidationException "ExecuteTransaction API does not support both read and write operations in the same request."
        dynamodb execute-transaction TransactStatements=[{"Statement":"EXISTS(SELECT * FROM tbl WHERE pk = 'a')"}] => error ValidationException "Validation failed in TransactStatements[0]: EXISTS() must contain a single item read with additional condition"
        dynamodb execute-transaction TransactStatements=[{"Statement":"DELETE FROM tbl WHERE pk = 'a' RETURNING ALL OLD *"}] => error ValidationException "Validation failed in TransactStatements[0]: RETURNING clause is not supported in ExecuteTransaction."
        dynamodb execute-transaction TransactStatements=[{"Statement":"SELECT * FROM tbl WHERE pk = 'a' AND n = 1"}] => error ValidationException "Validation failed in TransactStatements[0]: Select statements within ExecuteTransaction must specify the primary key in the where clause."
        dynamodb execute-transaction TransactStatements=[{"Statement":"SELECT * FROM tbl WHERE"}] => error ValidationException "Validation failed in TransactStatements[0]: Statement wasn't well formed, can't be processed: Unexpected term"
        dynamodb execute-transaction TransactStatements=[{"Statement":"DELETE FROM none WHERE pk = 'a'"}] => error ResourceNotFoundException *
        dynamodb execute-transaction ClientRequestToken=t1 TransactStatements=[{"Statement":"UPDATE tbl SET n = n + 1 WHERE pk = 'a'"}] => ok
        dynamodb execute-transaction ClientRequestToken=t1 TransactStatements=[{"Statement":"UPDATE tbl SET n = n + 1 WHERE pk = 'a'"}] => ok
        QL SELECT n FROM tbl WHERE pk = 'a' => Items[0].n.N=2
        dynamodb execute-transaction ClientRequestToken=t1 TransactStatements=[{"Statement":"DELETE FROM tbl WHERE pk = 'a'"}] => error IdempotentParameterMismatchException *
    "#,
    );
}
