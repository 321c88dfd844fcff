// Says why the form is here, and puts the cursor where there is something left to write.
const form = document.forms[0], {name, password} = form.elements;
const why = document.getElementById(location.search.slice(1));
if (why?.role === 'alert') why.hidden = false;
name.value ||= sessionStorage.getItem('name') ?? '';
(name.value ? password : name).focus();
form.onsubmit = () => sessionStorage.setItem('name', name.value);
