// Shows why the form appeared, and puts the cursor into the first empty field.
const form = document.forms[0], {name, password} = form.elements;
const why = document.getElementById(location.search.slice(1));
if (why?.role === 'alert') why.hidden = false;
name.value ||= sessionStorage.getItem('name') ?? '';
(name.value ? password : name).focus();
form.onsubmit = () => sessionStorage.setItem('name', name.value);
