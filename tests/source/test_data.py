from lintune.source.data import data_folder


def test_finds_the_folders_of_a_checkout() -> None:
    assert data_folder("rules").is_dir()
    assert data_folder("rules").name == "rules"


def test_names_the_installed_place_where_nothing_is_found() -> None:
    assert data_folder("no-such-data").parts[-2:] == ("_data", "no-such-data")
