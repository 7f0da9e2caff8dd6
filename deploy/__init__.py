"""Operations on AWS. It imports none of the other packages, and none of them imports it."""
